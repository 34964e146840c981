package iscsitest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// maxFrameData is the longest data segment, in bytes, that we take from an
// initiator. A discovery never needs more than login's 8192; a longer claim is
// a stream out of step.
const maxFrameData = 64 << 10

// A Frame is one PDU as it stood on the wire, in its parts. It is cut without
// the help of pdu.Reader, so that the two check each other.
type Frame struct {
	Header       pdu.Header
	AHS          []byte
	HeaderDigest []byte // empty where none was agreed
	Data         []byte
	Padding      []byte
	DataDigest   []byte // empty where none was agreed, or Data is empty
}

// ReadFrame reads one frame with the digests that were agreed. It returns
// io.EOF only where the stream ended before the frame.
func ReadFrame(r io.Reader, headerDigest, dataDigest bool) (*Frame, error) {
	return readFrame(r, headerDigest, dataDigest, maxFrameData)
}

// readFrame is ReadFrame with another limit to the data.
func readFrame(r io.Reader, headerDigest, dataDigest bool, maxData int) (*Frame, error) {
	f := new(Frame)
	if _, err := io.ReadFull(r, f.Header[:]); err != nil {
		return nil, within(err, "a header")
	}
	f.AHS = make([]byte, f.Header.AHSLen())
	if headerDigest {
		f.HeaderDigest = make([]byte, pdu.DigestLen)
	}
	if err := readParts(r, f.AHS, f.HeaderDigest); err != nil {
		return nil, within(err, "additional headers or a header digest")
	}
	if headerDigest && !sum(f.HeaderDigest, f.Header[:], f.AHS) {
		return nil, fmt.Errorf("iscsitest: %s: header digest wrong or missing", f.Header.Opcode())
	}
	n := f.Header.DataLen()
	if n > maxData {
		return nil, fmt.Errorf("iscsitest: %s: data segment of %d bytes: the stream is out of step", f.Header.Opcode(), n)
	}
	f.Data = make([]byte, n)
	f.Padding = make([]byte, -n&3)
	if dataDigest && n > 0 {
		f.DataDigest = make([]byte, pdu.DigestLen)
	}
	if err := readParts(r, f.Data, f.Padding, f.DataDigest); err != nil {
		return nil, within(err, "data")
	}
	if len(f.DataDigest) > 0 && !sum(f.DataDigest, f.Data, f.Padding) {
		return nil, fmt.Errorf("iscsitest: %s: data digest wrong or missing", f.Header.Opcode())
	}
	return f, nil
}

func readParts(r io.Reader, parts ...[]byte) error {
	for _, p := range parts {
		if _, err := io.ReadFull(r, p); err == io.EOF {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
	}
	return nil
}

// within says in which part of a frame the stream ended.
func within(err error, part string) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("iscsitest: the stream ended within %s: %w", part, err)
	}
	return err
}

// sum reports whether wire is the CRC32C of the parts.
func sum(wire []byte, parts ...[]byte) bool {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return binary.LittleEndian.Uint32(wire) == pdu.Digest(all)
}

// PDU decodes the frame; data is shared with it.
func (f *Frame) PDU() (pdu.PDU, error) {
	p := newPDU(f.Header.Opcode())
	if p == nil {
		return nil, fmt.Errorf("iscsitest: %s: not a PDU of a discovery session", f.Header.Opcode())
	}
	return p, p.Decode(&f.Header, f.Data)
}

func newPDU(op pdu.Opcode) pdu.PDU {
	switch op {
	case pdu.OpNOPOut:
		return new(pdu.NOPOut)
	case pdu.OpLoginRequest:
		return new(pdu.LoginRequest)
	case pdu.OpTextRequest:
		return new(pdu.TextRequest)
	case pdu.OpLogoutRequest:
		return new(pdu.LogoutRequest)
	case pdu.OpNOPIn:
		return new(pdu.NOPIn)
	case pdu.OpLoginResponse:
		return new(pdu.LoginResponse)
	case pdu.OpTextResponse:
		return new(pdu.TextResponse)
	case pdu.OpLogoutResponse:
		return new(pdu.LogoutResponse)
	case pdu.OpAsyncMessage:
		return new(pdu.AsyncMessage)
	case pdu.OpReject:
		return new(pdu.Reject)
	}
	return nil
}
