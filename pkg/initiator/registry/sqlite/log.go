package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/go-iscsi/discovery/internal/safefile"
)

// The write-ahead log as SQLite documents it ("The WAL File Format"): a header, and
// frames of a header and a page each. The checksum of a frame continues that of the
// one before.
const (
	logHeaderLen   = 32
	frameHeaderLen = 24

	logMagic = 0x377f0682 // its lowest bit: words are checked as big-endian

	offLogPageSize = 8
	offLogSalts    = 16 // 8 bytes, which each frame of this round repeats
	offLogSum      = 24
	offFrameSize   = 4 // pages of the database after this commit; 0: no commit
	offFrameSalts  = 8
	offFrameSum    = 16
)

// A walImage is a copy of the log beside a registry.
type walImage struct {
	file  *os.File // nil: there is no log
	bytes []byte
}

// readLog copies the log of the registry at path. Close it.
func readLog(path string) (*walImage, error) {
	name := path + "-wal"
	f, err := safefile.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &walImage{}, nil
	}
	if err != nil {
		return nil, fileError(name, err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		_ = f.Close() // nothing was written through it
		return nil, fileError(name, err)
	}
	return &walImage{file: f, bytes: b}, nil
}

func (l *walImage) close() {
	if l.file != nil {
		_ = l.file.Close() // nothing was written through it
	}
}

// unbegun reports that the log was not begun anew since it was copied, so that the
// copy is one of a single round.
func (l *walImage) unbegun() bool {
	if l.file == nil {
		return true
	}
	head := make([]byte, logHeaderLen)
	n, err := l.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	return bytes.Equal(head[:n], l.bytes[:min(len(l.bytes), logHeaderLen)])
}

// replay returns database with all that the log has committed. As SQLite does, it
// takes a log without a valid header for empty, and ends at the first frame whose
// checksum is wrong.
func (l *walImage) replay(database []byte) []byte {
	if len(l.bytes) < logHeaderLen {
		return database
	}
	head, frames := l.bytes[:logHeaderLen], l.bytes[logHeaderLen:]
	var order binary.ByteOrder = binary.LittleEndian
	switch binary.BigEndian.Uint32(head) {
	case logMagic:
	case logMagic | 1:
		order = binary.BigEndian
	default:
		return database
	}
	sum := logSum{order: order}
	pageSize := int(binary.BigEndian.Uint32(head[offLogPageSize:]))
	if sum.add(head[:offLogSum]); !sum.is(head[offLogSum:]) || pageSize < 512 || pageSize > 65536 {
		return database
	}
	pending := make(map[uint32][]byte) // of the transaction that is not committed yet
	for frameLen := frameHeaderLen + pageSize; len(frames) >= frameLen; frames = frames[frameLen:] {
		h, page := frames[:frameHeaderLen], frames[frameHeaderLen:frameLen]
		sum.add(h[:offFrameSalts])
		sum.add(page)
		number := binary.BigEndian.Uint32(h)
		if !bytes.Equal(h[offFrameSalts:offFrameSum], head[offLogSalts:offLogSum]) || !sum.is(h[offFrameSum:]) || number == 0 {
			break
		}
		pending[number] = page
		if size := binary.BigEndian.Uint32(h[offFrameSize:]); size != 0 {
			database = commitPages(database, pending, int64(size), pageSize)
			clear(pending)
		}
	}
	return database
}

// commitPages returns database with new contents of some pages, and a new size in
// pages. A size beyond what database and the pages fill is damage, which SQLite
// finds afterwards; no memory is taken for it.
func commitPages(database []byte, pages map[uint32][]byte, size int64, pageSize int) []byte {
	have := int64(len(database)/pageSize + len(pages))
	want := min(size, have) * int64(pageSize)
	if grow := want - int64(len(database)); grow > 0 {
		database = append(database, make([]byte, grow)...)
	}
	database = database[:want]
	for number, page := range pages {
		if at := int64(number-1) * int64(pageSize); at < want {
			copy(database[at:], page)
		}
	}
	return database
}

// A logSum is the running checksum of a log.
type logSum struct {
	order  binary.ByteOrder
	s1, s2 uint32
}

// add takes in b, whose length is a multiple of 8.
func (s *logSum) add(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		s.s1 += s.order.Uint32(b) + s.s2
		s.s2 += s.order.Uint32(b[4:]) + s.s1
	}
}

// is reports whether the sum is the one that begins b.
func (s *logSum) is(b []byte) bool {
	return binary.BigEndian.Uint32(b) == s.s1 && binary.BigEndian.Uint32(b[4:]) == s.s2
}
