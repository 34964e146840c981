package powercut

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A Disk is what was done to the files in a folder. What was there when it was made
// is taken as synced. It promises what POSIX promises, and no more:
//
//   - What was written to a file is there once the file was synced after it.
//   - A name is there, or gone, once the folder that it is in was synced after it.
//     So a new file in a new folder needs both, and the folder above as well.
//   - All else may be there or not, in any order; of a write any of its sectors.
//
// Most file systems keep more than that, but not the same. A test that only kills
// the program sees none of it, because the kernel goes on.
type Disk struct {
	folder  string // absolute, without symbolic links
	nodes   []*node
	begin   []*stored // what was on the disk at first, by number
	changes []change
}

// Watch returns a Disk of a folder.
func Watch(folder string) (*Disk, error) {
	folder, err := filepath.EvalSymlinks(folder)
	if err == nil {
		folder, err = filepath.Abs(folder)
	}
	if err != nil {
		return nil, err
	}
	d := &Disk{folder: folder}
	_, err = d.adopt(folder)
	return d, err
}

// adopt takes what is at path, and returns its number.
func (d *Disk) adopt(path string) (number int, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	number = d.add(info.IsDir())
	switch s := newStored(info.IsDir()); {
	case info.IsDir():
		d.begin = append(d.begin, s)
		entries, err := os.ReadDir(path)
		if err != nil {
			return 0, err
		}
		for _, entry := range entries {
			child, err := d.adopt(filepath.Join(path, entry.Name()))
			if err != nil {
				return 0, err
			}
			d.nodes[number].names[entry.Name()], s.names[entry.Name()] = child, child
		}
	case info.Mode().IsRegular():
		d.begin = append(d.begin, s)
		if s.data, err = os.ReadFile(path); err != nil {
			return 0, err
		}
	default:
		return 0, fmt.Errorf("%s is neither a file nor a folder: %w", path, fs.ErrInvalid)
	}
	return number, nil
}

// add adds a file or folder without a name.
func (d *Disk) add(folder bool) (number int) {
	n := &node{folder: folder}
	if folder {
		n.names = make(map[string]int)
	}
	d.nodes = append(d.nodes, n)
	return len(d.nodes) - 1
}

// find returns the folder that has, or could have, a path, the name there, and the
// number of what has it; -1: nothing. A path outside is not ok.
func (d *Disk) find(path string) (folder int, name string, number int, ok bool) {
	if path == d.folder {
		return -1, "", root, true
	}
	rest, ok := strings.CutPrefix(path, d.folder+"/")
	if !ok {
		return 0, "", 0, false
	}
	names := strings.Split(rest, "/")
	folder, name = root, names[len(names)-1]
	for _, n := range names[:len(names)-1] {
		if folder, ok = d.nodes[folder].names[n]; !ok || !d.nodes[folder].folder {
			return 0, "", 0, false
		}
	}
	if number, ok = d.nodes[folder].names[name]; !ok {
		number = -1
	}
	return folder, name, number, true
}

// link gives a file a name.
func (d *Disk) link(folder int, name string, number int) {
	d.nodes[folder].names[name] = number
	d.changes = append(d.changes, change{kind: link, file: folder, name: name, target: number})
}

// unlink takes a name away from a folder.
func (d *Disk) unlink(folder int, name string) {
	delete(d.nodes[folder].names, name)
	d.changes = append(d.changes, change{kind: unlink, file: folder, name: name})
}

// Moments returns how many moments there are at which the power can fail: before the
// first change, between two, and after the last.
func (d *Disk) Moments() int { return len(d.changes) + 1 }

// AtSync reports a moment right before or after something was synced.
func (d *Disk) AtSync(moment int) bool {
	is := func(i int) bool {
		return i >= 0 && i < len(d.changes) && (d.changes[i].kind == sync || d.changes[i].kind == syncAll)
	}
	return is(moment-1) || is(moment)
}

// Said returns what the processes had written to their standard output by a moment.
func (d *Disk) Said(moment int) string {
	var b strings.Builder
	for _, c := range d.changes[:moment] {
		if c.kind == say {
			b.Write(c.data)
		}
	}
	return b.String()
}
