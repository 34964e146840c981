package sqlite

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"
)

// held is the one variable of this package, since the trap that it is for is the
// process's own: to close any descriptor of a file gives up all POSIX locks that
// the process has on that file, SQLite's included, and another process would
// then write to what we believe to be ours.
var held heldFiles

// heldFiles are the files that this process has opened by itself. Descriptors of
// one file are closed when the last user of it is done, and no sooner.
type heldFiles struct {
	mu    sync.Mutex // guards what follows, and that of each file
	files []*sharedFile
}

// A sharedFile is one file, whatever its names.
type sharedFile struct {
	info  fs.FileInfo
	users int
	open  []*os.File
}

// A heldFile is one user's hold on a file.
type heldFile struct {
	*os.File
	shared *sharedFile
}

// hold takes f over. It has to be let go by release.
func (h *heldFiles) hold(f *os.File) (*heldFile, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.files, func(s *sharedFile) bool { return os.SameFile(s.info, info) })
	if i < 0 {
		i = len(h.files)
		h.files = append(h.files, &sharedFile{info: info})
	}
	s := h.files[i]
	s.users++
	s.open = append(s.open, f)
	return &heldFile{File: f, shared: s}, nil
}

// release lets the file go. SQLite must have closed it before.
func (f *heldFile) release() {
	held.mu.Lock()
	defer held.mu.Unlock()
	if f.shared.users--; f.shared.users > 0 {
		return
	}
	held.files = slices.DeleteFunc(held.files, func(s *sharedFile) bool { return s == f.shared })
	for _, open := range f.shared.open {
		_ = open.Close() // nothing was written through it
	}
}
