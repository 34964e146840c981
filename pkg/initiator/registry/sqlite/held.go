package sqlite

import (
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/go-iscsi/discovery/internal/safefile"
)

// SQLite keeps a POSIX lock on a database with a log for as long as a connection is open,
// by which another process knows that it is not the last one, whose part it is to take the
// log away. A process loses that lock as soon as it closes any descriptor of the file.
// SQLite from 3.51 on finds that out, and older ones, such as the shell that an
// administrator makes a backup with, do not: they delete the log, and what is written to
// it afterwards is lost. So no descriptor of a registry is closed while a Store of this
// process has that registry open.

// heldFiles are the registries that this process has open.
var heldFiles struct {
	sync.Mutex
	files []*heldFile
}

// A heldFile is a registry's file with the descriptors by which this package looks at it.
// All Stores of the file share them: they are closed after the last one.
type heldFile struct {
	*os.File // for reading
	info     fs.FileInfo
	users    int
	writable *os.File // nil: no Store of this process has opened the file for writing yet
}

// holdFile opens the file at path to look at it, following no link. Call release after the
// last connection to it is closed.
func holdFile(path string) (*heldFile, error) {
	heldFiles.Lock()
	defer heldFiles.Unlock()
	if info, err := os.Lstat(path); err == nil {
		i := slices.IndexFunc(heldFiles.files, func(h *heldFile) bool { return os.SameFile(h.info, info) })
		if i >= 0 {
			heldFiles.files[i].users++
			return heldFiles.files[i], nil
		}
	}
	f, err := safefile.Open(path)
	if err != nil {
		return nil, err
	}
	h := &heldFile{File: f, users: 1}
	if h.info, err = f.Stat(); err != nil {
		_ = f.Close() // nothing was written through it
		return nil, err
	}
	heldFiles.files = append(heldFiles.files, h)
	return h, nil
}

// checkWritable returns why the file, which is at path, cannot be written to, or nil.
func (h *heldFile) checkWritable(path string) (err error) {
	heldFiles.Lock()
	defer heldFiles.Unlock()
	if h.writable == nil {
		h.writable, err = safefile.OpenWritable(path)
	}
	return fileError(path, err)
}

// release ends the use of the file by one of those that called holdFile.
func (h *heldFile) release() {
	heldFiles.Lock()
	defer heldFiles.Unlock()
	if h.users--; h.users > 0 {
		return
	}
	heldFiles.files = slices.DeleteFunc(heldFiles.files, func(other *heldFile) bool { return h == other })
	_ = h.Close() // nothing was written through it
	if h.writable != nil {
		_ = h.writable.Close() // likewise
	}
}
