package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-iscsi/discovery/internal/safefile"
)

// A FileState is what a file of a registry looks like from outside.
type FileState struct {
	Path string
	Mode fs.FileMode
	Err  error // a *FileError: why a registry with this file is not opened; or nil
}

// Files returns the files of the registry at path that are there, the registry's
// first, and judges each by the rules of Open: kind, mode and owner. Contents are not
// looked at. The registry itself is returned even where it is missing.
func Files(path string) ([]FileState, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return []FileState{{Path: path, Err: fileError(path, err)}}, nil
	}
	files := []FileState{{Path: path, Mode: info.Mode(), Err: checkEntry(path, info)}}
	for _, suffix := range sideFiles {
		side, err := os.Lstat(path + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		state := FileState{Path: path + suffix, Err: fileError(path+suffix, err)}
		if err == nil {
			state.Mode = side.Mode()
			_, state.Err = checkSideFile(path, path+suffix, info)
		}
		files = append(files, state)
	}
	return files, nil
}

// checkEntry judges the registry's own file by its entry in the folder.
func checkEntry(path string, info fs.FileInfo) error {
	if err := safefile.CheckKind(path, info); err != nil {
		return fileError(path, err)
	}
	if err := checkMode(path, info); err != nil {
		return err
	}
	return checkOwner(path, info)
}

// checkOwner refuses a file of a user without rights here (safefile.Foreign).
func checkOwner(path string, info fs.FileInfo) error {
	if !safefile.Foreign(path, info) {
		return nil
	}
	return &FileError{Path: path, Problem: Exposed, Reason: "it belongs to another user than you, root, and the owner of the folder"}
}

// Neighbours returns the paths of other registries in the folder of the one at path,
// whatever their state: all files that begin as a registry does. It does not open the
// files of the one at path: to close a descriptor costs the process its locks on that
// file, and those on the index of the log keep other processes from starting it anew.
func Neighbours(path string) ([]string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	folder := filepath.Dir(path)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fileError(folder, err)
	}
	own := []string{path}
	for _, suffix := range sideFiles {
		own = append(own, path+suffix)
	}
	var others []string
	for _, entry := range entries {
		name := filepath.Join(folder, entry.Name())
		if !slices.Contains(own, name) && entry.Type().IsRegular() && isRegistry(name) {
			others = append(others, name)
		}
	}
	return others, nil
}

// isRegistry reports that a file begins as a registry does, of this version or another.
// One that cannot be read is none of ours.
func isRegistry(path string) bool {
	f, err := holdFile(path)
	if err != nil {
		return false
	}
	defer f.release()
	err = checkHeader(path, f.File)
	var file *FileError
	return err == nil || errors.As(err, &file) && file.Problem == Newer
}
