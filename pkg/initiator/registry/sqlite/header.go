package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// What a file has to begin with is judged before SQLite sees it, since SQLite
// writes to what it opens: it plays back logs, and makes files beside.

// applicationID marks a registry in the header of its file: "iSCD".
const applicationID = 0x69534344

const (
	headerLen        = 100 // of a database file
	offWriteVersion  = 18
	offReadVersion   = 19
	offUserVersion   = 60
	offApplicationID = 68

	versionJournal = 1 // in both of the version bytes: a rollback journal
	versionWAL     = 2 // a write-ahead log
)

// magic begins each database file.
const magic = "SQLite format 3\x00"

// checkHeader refuses a file that is not a registry.
func checkHeader(path string, f *os.File) error {
	h := make([]byte, headerLen)
	n, err := f.ReadAt(h, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return fileError(path, err)
	}
	switch h = h[:n]; {
	case n == 0:
		return &FileError{Path: path, Problem: NotRegistry, Reason: "it is empty"}
	case !bytes.HasPrefix(h, []byte(magic)[:min(n, len(magic))]):
		return &FileError{Path: path, Problem: NotRegistry, Reason: "not an SQLite database"}
	case n < headerLen:
		return &FileError{Path: path, Problem: Damaged, Reason: fmt.Sprintf("cut off after %d bytes", n)}
	}
	if id := binary.BigEndian.Uint32(h[offApplicationID:]); id != applicationID {
		return &FileError{Path: path, Problem: NotRegistry, Reason: fmt.Sprintf("a database of another program (application id %#x)", id)}
	}
	return checkVersion(path, int64(binary.BigEndian.Uint32(h[offUserVersion:])))
}

// checkVersion refuses a registry of a schema that we do not know. Versions are
// unsigned in the header and have 64 bits here, so that a system whose int has 32
// takes none of them for a negative number.
func checkVersion(path string, version int64) error {
	if version > schemaVersion {
		return &FileError{Path: path, Problem: Newer, Reason: fmt.Sprintf("schema %d, but this version knows %d", version, schemaVersion)}
	}
	return nil
}
