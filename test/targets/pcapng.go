package targets

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

const (
	pcapngHead     = 8 // type and total length of a block
	pcapngMinBlock = 12
	pcapngMaxBlock = 1 << 20
)

var errPcapng = errors.New("targets: dumpcap's output is not pcapng")

// pcapng copies a capture that is being made, block by block, without the marks
// that are watched for.
type pcapng struct {
	to  io.Writer
	buf []byte // the block that is not complete
	err error  // to be read after the process's end

	mu    sync.Mutex
	marks []mark // guarded by mu
}

// A mark is a text in a packet.
type mark struct {
	text []byte
	seen chan struct{} // closed when it was
}

// watch returns a channel that is closed when a packet with the text comes.
func (p *pcapng) watch(text []byte) <-chan struct{} {
	m := mark{text: text, seen: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.marks = append(p.marks, m)
	return m.seen
}

// Write takes what dumpcap writes, in its own, the machine's, byte order.
func (p *pcapng) Write(b []byte) (int, error) {
	p.buf = append(p.buf, b...)
	for p.err == nil && len(p.buf) >= pcapngHead {
		n := int(binary.NativeEndian.Uint32(p.buf[4:]))
		if n < pcapngMinBlock || n > pcapngMaxBlock {
			p.err = fmt.Errorf("%w: a block of %d bytes", errPcapng, n)
			break
		}
		if len(p.buf) < n {
			break
		}
		if !p.marked(p.buf[:n]) {
			_, p.err = p.to.Write(p.buf[:n])
		}
		p.buf = p.buf[n:]
	}
	return len(b), p.err
}

// marked tells whether a block has a mark in it.
func (p *pcapng) marked(block []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.marks {
		if !bytes.Contains(block, m.text) {
			continue
		}
		select {
		case <-m.seen:
		default:
			close(m.seen)
		}
		return true
	}
	return false
}
