package powercut

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// sector is how many bytes of a write a disk has written together, or not.
const sector = 512

// A Luck tells whether a change that was not synced is on the disk all the same: a
// name that was given or taken, or else a sector of data, or a size.
type Luck func(name bool) bool

// What a disk may have done.
var (
	Nothing    Luck = func(bool) bool { return false }
	Everything Luck = func(bool) bool { return true } // as if the process was killed
	NamesOnly  Luck = func(name bool) bool { return name }
	DataOnly   Luck = func(name bool) bool { return !name }
)

// Chance returns the luck of a number: each change is there or not.
func Chance(seed uint64) Luck {
	r := rand.New(rand.NewPCG(seed, seed))
	return func(bool) bool { return r.IntN(2) == 0 }
}

// stored is a file or folder on the disk.
type stored struct {
	folder  bool
	names   map[string]int
	data    []byte
	mapped  bool
	pending []pending
}

// pending is a change that was not synced.
type pending struct {
	at int // its number among all changes
	change
}

func newStored(folder bool) *stored {
	if folder {
		return &stored{folder: true, names: make(map[string]int)}
	}
	return &stored{}
}

func (s *stored) clone() *stored {
	c := *s
	c.names, c.data = maps.Clone(s.names), slices.Clone(s.data)
	return &c
}

// garbage is what a file has that may have changed in memory.
const garbage = 0xa5

// apply does a change. Of data it does the sectors for which luck decides so.
func (s *stored) apply(c *change, luck Luck) {
	switch c.kind {
	case link:
		if luck(true) {
			s.names[c.name] = c.target
		}
	case unlink:
		if luck(true) {
			delete(s.names, c.name)
		}
	case truncate:
		if luck(false) {
			s.resize(c.offset)
		}
	case write:
		for done := 0; done < len(c.data); {
			at := c.offset + int64(done)
			n := min(sector-int(at%sector), len(c.data)-done)
			if luck(false) {
				s.resize(max(int64(len(s.data)), at+int64(n)))
				copy(s.data[at:], c.data[done:done+n])
			}
			done += n
		}
	case mapped:
		s.mapped = true
	}
}

func (s *stored) resize(size int64) {
	if more := size - int64(len(s.data)); more > 0 {
		s.data = append(s.data, make([]byte, more)...)
	}
	s.data = s.data[:size]
}

// sync makes all that was done before a change last.
func (s *stored) sync(before int) {
	n := 0
	for n < len(s.pending) && s.pending[n].at < before {
		s.apply(&s.pending[n].change, Everything)
		n++
	}
	s.pending = s.pending[n:]
}

// An Image is what a power failure left in the folder.
type Image struct{ files []*stored }

// Cut returns what is left when the power fails at a moment, and luck decides about
// what was not synced by then.
func (d *Disk) Cut(moment int, luck Luck) *Image {
	files := make([]*stored, len(d.nodes))
	for i := range files {
		if i < len(d.begin) {
			files[i] = d.begin[i].clone()
		} else {
			files[i] = newStored(d.nodes[i].folder)
		}
	}
	for i, c := range d.changes[:moment] {
		switch c.kind {
		case say:
		case sync:
			files[c.file].sync(c.before)
		case syncAll:
			for _, s := range files {
				s.sync(c.before)
			}
		default:
			files[c.file].pending = append(files[c.file].pending, pending{i, c})
		}
	}
	for _, s := range files {
		for i := range s.pending {
			s.apply(&s.pending[i].change, luck)
		}
		if s.mapped {
			s.data = bytes.Repeat([]byte{garbage}, len(s.data))
		}
		s.pending = nil
	}
	return &Image{files}
}

// WriteTo makes the files of the image in a folder that is empty.
func (m *Image) WriteTo(folder string) error { return m.write(root, folder) }

func (m *Image) write(number int, path string) error {
	for name, child := range m.files[number].names {
		at, s := filepath.Join(path, name), m.files[child]
		if !s.folder {
			if err := os.WriteFile(at, s.data, 0o600); err != nil {
				return err
			}
			continue
		}
		if err := os.Mkdir(at, 0o700); err != nil {
			return err
		}
		if err := m.write(child, at); err != nil {
			return err
		}
	}
	return nil
}

// Sum returns a text that two images share only if they have the same files.
func (m *Image) Sum() string {
	h := sha256.New()
	var walk func(number int)
	walk = func(number int) {
		s := m.files[number]
		fmt.Fprintf(h, "%t %d %d\n", s.folder, len(s.names), len(s.data))
		h.Write(s.data)
		for _, name := range slices.Sorted(maps.Keys(s.names)) {
			fmt.Fprintf(h, "%q\n", name)
			walk(s.names[name])
		}
	}
	walk(root)
	return string(h.Sum(nil))
}
