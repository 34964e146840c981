package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"
)

// An archive is a set of files below one folder. What is written of it depends on nothing
// but the files: names are sorted, the time is that of the commit, and the owner is 0.
type archive struct {
	folder string
	time   time.Time
	files  map[string]content // by path below the folder, with slashes
}

// content is a file.
type content struct {
	data    []byte
	program bool // may be executed
}

// mode returns the permissions of the file.
func (c content) mode() fs.FileMode {
	if c.program {
		return 0o755
	}
	return 0o644
}

// add adds a file. Two with one path are an error.
func (a *archive) add(path string, c content) error {
	if _, ok := a.files[path]; ok {
		return fmt.Errorf("two files are called %s", path)
	}
	if a.files == nil {
		a.files = make(map[string]content)
	}
	a.files[path] = c
	return nil
}

// pack returns the archive in the format that is usual on a system, and the end of its
// name.
func (a *archive) pack(goos string) (data []byte, extension string, err error) {
	if goos == "windows" {
		data, err = a.zip()
		return data, ".zip", err
	}
	data, err = a.tarGz()
	return data, ".tar.gz", err
}

// folders returns the folders of the files, each before those in it.
func (a *archive) folders() []string {
	all := map[string]bool{a.folder + "/": true}
	for path := range a.files {
		for i, c := range path {
			if c == '/' {
				all[a.folder+"/"+path[:i+1]] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func (a *archive) tarGz() ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression) // the header has no time and no name
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(z)
	for _, name := range a.folders() {
		h := &tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755, ModTime: a.time}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(a.files)) {
		c := a.files[path]
		h := &tar.Header{Typeflag: tar.TypeReg, Name: a.folder + "/" + path, Mode: int64(c.mode()), Size: int64(len(c.data)), ModTime: a.time}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(c.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// zip writes no folders: programs that unpack an archive make them.
func (a *archive) zip() ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, path := range slices.Sorted(maps.Keys(a.files)) {
		c := a.files[path]
		h := &zip.FileHeader{Name: a.folder + "/" + path, Method: zip.Deflate, Modified: a.time.UTC()}
		h.SetMode(c.mode())
		f, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := f.Write(c.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// archiveName returns the name of an archive without its extension.
func archiveName(version, pair string) string {
	return "discovery-" + version + "-" + strings.Replace(pair, "/", "-", 1)
}
