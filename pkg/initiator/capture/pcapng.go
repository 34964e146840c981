package capture

import (
	"encoding/binary"
	"io"
	"sync"
	"time"
)

// Blocks and options of pcapng (draft-ietf-opsawg-pcapng).
const (
	blockSection    = 0x0a0d0d0a
	blockInterface  = 1
	blockPacket     = 6
	byteOrderMagic  = 0x1a2b3c4d
	linkTypeRaw     = 101 // packets begin with their IP header
	optionEnd       = 0
	optionTSResol   = 9
	nanoseconds     = 9 // the resolution, as a power of ten
	unknownLength   = ^uint64(0)
	packetBlockBase = 32 // bytes of a packet block beside the packet
)

// A Writer writes a pcapng file. Its methods may be called from several
// goroutines.
type Writer struct {
	mask bool

	mu  sync.Mutex // guards the following
	w   io.Writer
	buf []byte
	err error // the first one; nothing is written after it
}

// NewWriter begins a file on w. CHAP responses are masked unless secrets is set.
func NewWriter(w io.Writer, secrets bool) (*Writer, error) {
	p := &Writer{w: w, mask: !secrets}
	b := section(nil)
	b = interfaceBlock(b)
	_, p.err = w.Write(b)
	return p, p.err
}

// Err returns the first error of writing.
func (p *Writer) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// packet writes one packet.
func (p *Writer) packet(at time.Time, data ...[]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return
	}
	n := 0
	for _, d := range data {
		n += len(d)
	}
	total := uint32(packetBlockBase + n + -n&3)
	le := binary.LittleEndian
	b := le.AppendUint32(p.buf[:0], blockPacket)
	b = le.AppendUint32(b, total)
	b = le.AppendUint32(b, 0) // interface
	ts := uint64(at.UnixNano())
	b = le.AppendUint32(b, uint32(ts>>32))
	b = le.AppendUint32(b, uint32(ts))
	b = le.AppendUint32(b, uint32(n))
	b = le.AppendUint32(b, uint32(n))
	for _, d := range data {
		b = append(b, d...)
	}
	b = append(b, "\x00\x00\x00"[:-n&3]...)
	p.buf = le.AppendUint32(b, total)
	_, p.err = p.w.Write(p.buf)
}

// section appends a section header block.
func section(b []byte) []byte {
	const total = 28
	le := binary.LittleEndian
	b = le.AppendUint32(b, blockSection)
	b = le.AppendUint32(b, total)
	b = le.AppendUint32(b, byteOrderMagic)
	b = le.AppendUint16(b, 1) // version 1.0
	b = le.AppendUint16(b, 0)
	b = le.AppendUint64(b, unknownLength)
	return le.AppendUint32(b, total)
}

// interfaceBlock appends an interface description block.
func interfaceBlock(b []byte) []byte {
	const total = 32
	le := binary.LittleEndian
	b = le.AppendUint32(b, blockInterface)
	b = le.AppendUint32(b, total)
	b = le.AppendUint16(b, linkTypeRaw)
	b = le.AppendUint16(b, 0)
	b = le.AppendUint32(b, 0) // packets of any length
	b = le.AppendUint16(b, optionTSResol)
	b = le.AppendUint16(b, 1)
	b = append(b, nanoseconds, 0, 0, 0)
	b = le.AppendUint16(b, optionEnd)
	b = le.AppendUint16(b, 0)
	return le.AppendUint32(b, total)
}
