package pdu

import (
	"errors"
	"io"
)

// DefaultMaxData is the longest data segment, in bytes, before anything else
// is declared: the default of MaxRecvDataSegmentLength, and the limit
// throughout login (RFC 7143, sections 6.3 and 13.12).
const DefaultMaxData = 8192

// firstBuffer is what a Reader buys at first, in bytes. Most discoveries need
// no more.
const firstBuffer = 2048

// largeBuffer is what a Reader or a Writer does not keep for its next stream,
// in bytes.
const largeBuffer = 64 << 10

// A Reader receives PDUs. Its fields may be changed between PDUs. It is used by
// one goroutine.
//
// A Reader takes whatever arrives for hostile: it checks each length in the header before
// it allocates, and its buffer at most doubles what has arrived. Messages alias the
// buffer, so that decoding and walking text allocate nothing.
//
// Its errors are [*FormatError] (a header that no peer may send), [*SizeError] (more than
// the Reader accepts) and [*DigestError]; reading text adds [*TextError] and [*ValueError].
type Reader struct {
	HeaderDigest bool // expect a CRC32C after each header
	DataDigest   bool // and after each data segment that is not empty
	MaxData      int  // our own MaxRecvDataSegmentLength in bytes; 0: DefaultMaxData

	r          io.Reader
	buf        []byte
	start, end int // what has arrived and was not returned yet

	header Header
	pdus   struct { // one reused value per message
		nopOut         NOPOut
		loginRequest   LoginRequest
		textRequest    TextRequest
		logoutRequest  LogoutRequest
		nopIn          NOPIn
		loginResponse  LoginResponse
		textResponse   TextResponse
		logoutResponse LogoutResponse
		async          AsyncMessage
		reject         Reject
	}
}

// NewReader returns a Reader on r.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// Reset makes r read from src as if it were new, and keeps the buffer unless
// that has grown large.
func (r *Reader) Reset(src io.Reader) {
	buf := r.buf
	if len(buf) > largeBuffer {
		buf = nil
	}
	*r = Reader{r: src, buf: buf}
}

// ReadPDU returns the next PDU. It and its data are valid until the next call.
//
// Before the first byte of a PDU the end of the stream is io.EOF, within one it
// is io.ErrUnexpectedEOF. A header that no peer may send is a *FormatError, a
// data segment over MaxData a *SizeError, a wrong digest a *DigestError; after
// any of them the stream is of no more use.
func (r *Reader) ReadPDU() (PDU, error) {
	b, err := r.take(HeaderLen)
	if err != nil {
		return nil, err
	}
	r.header = Header(b)
	h := &r.header
	n := HeaderLen + h.AHSLen()
	if r.HeaderDigest {
		// The lengths are not to be trusted before the digest is checked;
		// that of the additional headers is bounded by its field.
		b, err = r.take(n + DigestLen)
		if err != nil {
			return nil, err
		}
		if got, want, ok := checkDigest(b[n:], b[:n]); !ok {
			return nil, &DigestError{Opcode: h.Opcode(), Header: true, Got: got, Want: want}
		}
		n += DigestLen
	}
	p := r.value(h.Opcode())
	if p == nil {
		return nil, &FormatError{Opcode: h.Opcode(), Reason: "not a PDU of a discovery session"}
	}
	if limit := maxData(r.MaxData); h.DataLen() > limit {
		return nil, &SizeError{Opcode: h.Opcode(), What: "data segment", Size: h.DataLen(), Limit: limit}
	}
	data, err := r.segment(n, h)
	if err != nil {
		return nil, err
	}
	if err := p.Decode(h, data); err != nil {
		return nil, err
	}
	return p, nil
}

// Buffered returns the bytes that have arrived and belong to no PDU yet: after
// an error, the start of what could not be read. They are valid until the next
// call.
func (r *Reader) Buffered() []byte { return r.buf[r.start:r.end] }

// segment reads what follows the first n bytes of a PDU, consumes the whole and
// returns the data.
func (r *Reader) segment(n int, h *Header) ([]byte, error) {
	size := h.DataLen()
	padded := size + pad(size)
	total := n + padded
	withDigest := r.DataDigest && size > 0
	if withDigest {
		total += DigestLen
	}
	b, err := r.take(total)
	if err != nil {
		return nil, err
	}
	r.start += total
	if withDigest {
		if got, want, ok := checkDigest(b[n+padded:], b[n:n+padded]); !ok {
			return nil, &DigestError{Opcode: h.Opcode(), Got: got, Want: want}
		}
	}
	return b[n : n+size : n+size], nil
}

// take returns the next n bytes without consuming them.
func (r *Reader) take(n int) ([]byte, error) {
	for r.end-r.start < n {
		r.makeRoom(n)
		got, err := r.r.Read(r.buf[r.end:])
		r.end += got
		if r.end-r.start >= n || err == nil {
			continue
		}
		if errors.Is(err, io.EOF) && r.end > r.start {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return r.buf[r.start : r.start+n], nil
}

// makeRoom sees to it that there is room behind end, and that n bytes can
// stand in the buffer one day.
func (r *Reader) makeRoom(n int) {
	if r.start == r.end {
		r.start, r.end = 0, 0
	}
	if r.end < len(r.buf) && r.start+n <= len(r.buf) {
		return
	}
	r.end = copy(r.buf, r.buf[r.start:r.end])
	r.start = 0
	if r.end < len(r.buf) {
		return
	}
	// The buffer is full, so n is more than its length.
	grown := make([]byte, max(firstBuffer, min(2*len(r.buf), n)))
	copy(grown, r.buf)
	r.buf = grown
}

// value returns the reused message of an opcode, nil for one that we do not
// know.
func (r *Reader) value(op Opcode) PDU {
	switch op {
	case OpNOPOut:
		return &r.pdus.nopOut
	case OpLoginRequest:
		return &r.pdus.loginRequest
	case OpTextRequest:
		return &r.pdus.textRequest
	case OpLogoutRequest:
		return &r.pdus.logoutRequest
	case OpNOPIn:
		return &r.pdus.nopIn
	case OpLoginResponse:
		return &r.pdus.loginResponse
	case OpTextResponse:
		return &r.pdus.textResponse
	case OpLogoutResponse:
		return &r.pdus.logoutResponse
	case OpAsyncMessage:
		return &r.pdus.async
	case OpReject:
		return &r.pdus.reject
	}
	return nil
}

// maxData returns the limit that a MaxData field stands for.
func maxData(n int) int {
	if n == 0 {
		return DefaultMaxData
	}
	return n
}
