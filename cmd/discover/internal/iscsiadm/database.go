package iscsiadm

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// databases are the folders that open-iscsi's database may be in, from the root: that of
// newer versions first.
var databases = []string{"var/lib/iscsi", "etc/iscsi"}

// ReadRecord reads a discovery record of open-iscsi's (st_config or isns_config). What it does not say
// has the value that is built in, whatever iscsid.conf says: so it is with the real
// iscsiadm. A line that is wrong costs itself, and a note.
func ReadRecord(t Type, p Portal, b []byte) (r *Record, tell []string) {
	pairs, n := readPairs(b)
	d := Defaults{values: make(map[string]fieldValue)}
	for _, line := range pairs {
		d.take(t, line, &n)
	}
	return NewRecord(t, p, d), n
}

// FindRecord returns the discovery record of a type that open-iscsi has of a portal; nil:
// none. root is the root of the file system.
func FindRecord(root fs.FS, t Type, p Portal) (r *Record, tell []string, err error) {
	part := p.Address + "," + strconv.Itoa(int(p.Port))
	if !onePart(part) {
		return nil, nil, nil
	}
	folder, file := "send_targets", "st_config"
	if t == ISNS {
		folder, file = "isns", "isns_config"
	}
	for _, dir := range databases {
		b, err := ReadFile(root, path.Join(dir, folder, part, file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		r, tell = ReadRecord(t, p, b)
		return r, tell, nil
	}
	return nil, nil, nil
}

// onePart reports text that names a file in a folder, and no other file.
func onePart(s string) bool {
	return fs.ValidPath(s) && s != "." && len(s) <= 255 && !strings.ContainsAny(s, `/\ `) && !breaksLine(s)
}

// maxFileLen is how long a record may be, in bytes.
const maxFileLen = 64 << 10

// ReadFile reads a small regular file of a path without its leading slash. One of another
// kind, or of more than 64 KiB, is an error.
func ReadFile(root fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(root, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("it is not a regular file")}
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFileLen+1))
	if err == nil && len(b) > maxFileLen {
		err = &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("it is longer than %d bytes", maxFileLen)}
	}
	return b, err
}
