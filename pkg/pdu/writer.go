package pdu

import "io"

// A Writer sends PDUs, one Write each, with the digests that were agreed on.
// Its fields may be changed between PDUs. It is used by one goroutine.
type Writer struct {
	HeaderDigest bool // append a CRC32C to each header
	DataDigest   bool // and to each data segment that is not empty
	MaxData      int  // the peer's MaxRecvDataSegmentLength in bytes; 0: DefaultMaxData

	w   io.Writer
	buf []byte // reused
}

// NewWriter returns a Writer on w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Reset makes w write to dst as if it were new, and keeps the buffer unless
// that has grown large.
func (w *Writer) Reset(dst io.Writer) {
	buf := w.buf
	if cap(buf) > largeBuffer {
		buf = nil
	}
	*w = Writer{w: dst, buf: buf}
}

// WritePDU sends p in one call of Write. Data longer than the peer accepts is a
// *SizeError, and nothing is sent.
func (w *Writer) WritePDU(p PDU) error {
	// The header digest goes between header and data. Room is left in front,
	// so that the short header moves rather than the data.
	b, err := p.AppendBinary(append(w.buf[:0], 0, 0, 0, 0))
	if err != nil {
		return err
	}
	w.buf = b
	data := b[DigestLen+HeaderLen:]
	size := (*Header)(b[DigestLen:]).DataLen()
	if limit := maxData(w.MaxData); size > limit {
		return &SizeError{Opcode: p.Opcode(), What: "data segment", Size: size, Limit: limit}
	}
	if w.DataDigest && len(data) > 0 {
		b = AppendDigest(b, data)
		w.buf = b
	}
	if w.HeaderDigest {
		copy(b, b[DigestLen:DigestLen+HeaderLen])
		AppendDigest(b[:HeaderLen], b[:HeaderLen])
	} else {
		b = b[DigestLen:]
	}
	_, err = w.w.Write(b)
	return err
}
