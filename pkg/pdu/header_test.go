package pdu

import (
	"errors"
	"testing"
)

func TestHeader(t *testing.T) {
	t.Parallel()
	h := Header(unhex(t, `
		e3 40 02 03 ff ab cd ef  08 09 0a 0b 0c 0d 0e 0f
		10 11 12 13 14 15 16 17  18 19 1a 1b 1c 1d 1e 1f
		20 21 22 23 24 25 26 27  28 29 2a 2b 2c 2d 2e 2f`))
	if got, want := h.Opcode(), OpLoginResponse; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !h.Immediate() || h.Final() || !h.Continue() {
		t.Errorf("got I=%t F=%t C=%t, want true, false, true", h.Immediate(), h.Final(), h.Continue())
	}
	if got, want := h.AHSLen(), 1020; got != want {
		t.Errorf("got AHSLen %d, want %d", got, want)
	}
	if got, want := h.DataLen(), 0xabcdef; got != want {
		t.Errorf("got DataLen %#x, want %#x", got, want)
	}
	if got, want := h.ITT(), uint32(0x10111213); got != want {
		t.Errorf("got ITT %#x, want %#x", got, want)
	}
}

// A data segment that no header can express is refused by each message that
// has one, and the caller's slice comes back as it was.
func TestAppendBinaryTooLong(t *testing.T) {
	t.Parallel()
	data := make([]byte, MaxDataLen+1)
	for _, p := range []PDU{
		&NOPOut{Data: data}, &LoginRequest{Data: data}, &TextRequest{Data: data},
		&NOPIn{Data: data}, &LoginResponse{Data: data}, &TextResponse{Data: data},
		&AsyncMessage{Data: data}, &Reject{Data: data},
	} {
		b, err := p.AppendBinary([]byte("prefix"))
		var limit *SizeError
		if !errors.As(err, &limit) || limit.Opcode != p.Opcode() || limit.Size != MaxDataLen+1 || limit.Limit != MaxDataLen {
			t.Errorf("%s: got error %v", p.Opcode(), err)
		}
		if string(b) != "prefix" {
			t.Errorf("%s: got %d bytes, want the prefix alone", p.Opcode(), len(b))
		}
	}
}

// Each message refuses the header of each other.
func TestDecodeOtherOpcode(t *testing.T) {
	t.Parallel()
	all := []PDU{
		&NOPOut{}, &LoginRequest{}, &TextRequest{}, &LogoutRequest{}, &NOPIn{},
		&LoginResponse{}, &TextResponse{}, &LogoutResponse{}, &AsyncMessage{}, &Reject{},
	}
	for _, from := range all {
		b, err := from.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		h := Header(b)
		for _, to := range all {
			err := to.Decode(&h, nil)
			var format *FormatError
			if same := from.Opcode() == to.Opcode(); same && err != nil || !same && !errors.As(err, &format) {
				t.Errorf("%s decoded as %s: got error %v", from.Opcode(), to.Opcode(), err)
			}
		}
	}
}
