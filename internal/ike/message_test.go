package ike

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

var testHeader = Header{
	Initiator: SPI{1, 2, 3, 4, 5, 6, 7, 8}, Responder: SPI{9, 10, 11, 12, 13, 14, 15, 16},
	Next: 33, Version: Version2, Exchange: 34, Flags: 0x08, MessageID: 0x01020304, Length: HeaderLen,
}

// TestHeader: the bytes of RFC 7296, section 3.1, and back.
func TestHeader(t *testing.T) {
	t.Parallel()
	want := unhex(t, "0102030405060708 090a0b0c0d0e0f10 21 20 22 08 01020304 0000001c")
	got, err := testHeader.AppendBinary([]byte("x"))
	if err != nil || !bytes.Equal(got[1:], want) {
		t.Errorf("got  %x, %v\nwant %x", got[1:], err, want)
	}
	if back, err := ParseHeader(want); err != nil || back != testHeader {
		t.Errorf("got %+v, %v, want %+v", back, err, testHeader)
	}
}

// TestHeaderRefused: what is not as long as it says, or longer than a message may be.
func TestHeaderRefused(t *testing.T) {
	t.Parallel()
	message := func(length uint32, size int) []byte {
		h := testHeader
		h.Length = length
		b, _ := h.AppendBinary(nil)
		return append(b, make([]byte, size)...)[:size]
	}
	for name, tt := range map[string]struct {
		message []byte
		want    error
	}{
		"nothing":          {nil, ErrTruncated},
		"a byte too short": {message(HeaderLen-1, HeaderLen-1), ErrTruncated},
		"alone":            {message(HeaderLen, HeaderLen), nil},
		"truncated":        {message(HeaderLen+1, HeaderLen), ErrLength},
		"more after it":    {message(HeaderLen, HeaderLen+1), ErrLength},
		"longest":          {message(MaxMessageLen, MaxMessageLen), nil},
		"too long":         {message(MaxMessageLen+1, MaxMessageLen+1), ErrLength},
		"4 GiB":            {message(1<<32-1, HeaderLen), ErrLength},
	} {
		if _, err := ParseHeader(tt.message); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}

// TestPayloads: a chain, its bytes, and back; what follows the last payload is left.
func TestPayloads(t *testing.T) {
	t.Parallel()
	list := []Payload{{Type: 33, Body: []byte{1, 2, 3, 4}}, {Type: 200, Critical: true, Body: []byte{}}, {Type: 40, Body: []byte{5}}}
	want := unhex(t, "c8 00 0008 01020304  28 80 0004  00 00 0005 05")
	got := AppendPayloads(nil, list...)
	if !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	back, rest, err := ParsePayloads(33, append(got, 0, 0, 0))
	if err != nil || !bytes.Equal(rest, []byte{0, 0, 0}) || !slices.EqualFunc(back, list, func(a, b Payload) bool {
		return a.Type == b.Type && a.Critical == b.Critical && bytes.Equal(a.Body, b.Body)
	}) {
		t.Errorf("got %v, %x, %v, want %v", back, rest, err, list)
	}
	if back, rest, err := ParsePayloads(0, []byte{1}); back != nil || len(rest) != 1 || err != nil {
		t.Errorf("no payload: got %v, %x, %v", back, rest, err)
	}
	if got := AppendPayloads([]byte("x")); string(got) != "x" {
		t.Errorf("no payload: got %q", got)
	}
}

// TestPayloadsRefused: chains that go beyond their bytes, or have too many payloads.
func TestPayloadsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		chain []byte
		want  error
	}{
		"nothing":                {nil, ErrTruncated},
		"three bytes":            {[]byte{0, 0, 0}, ErrTruncated},
		"no room for its header": {[]byte{0, 0, 0, 3}, ErrLength},
		"length 0":               {[]byte{1, 0, 0, 0}, ErrLength},
		"one byte missing":       {[]byte{0, 0, 0, 6, 1}, ErrLength},
		"next one missing":       {[]byte{1, 0, 0, 4}, ErrTruncated},
		"as many as may be":      {append(bytes.Repeat([]byte{1, 0, 0, 4}, MaxPayloads-1), 0, 0, 0, 4), nil},
		"one more":               {append(bytes.Repeat([]byte{1, 0, 0, 4}, MaxPayloads), 0, 0, 0, 4), ErrPayloads},
	} {
		if _, _, err := ParsePayloads(1, tt.chain); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}

// FuzzPayloads: a message is refused, or its chain is within it, has no more payloads than
// may be, and gives the same bytes again.
func FuzzPayloads(f *testing.F) {
	good, _ := testHeader.AppendBinary(nil)
	good = AppendPayloads(good, Payload{Type: 33, Body: []byte("body")}, Payload{Type: 41, Critical: true})
	binary.BigEndian.PutUint32(good[24:], uint32(len(good)))
	f.Add(good)
	f.Add(append(good[:16:16], 1, 0x10, 2, 0, 0, 0, 0, 0, 0, 0, 0, 32, 1, 0, 0, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ParseHeader(data)
		if err != nil {
			return
		}
		if b, err := h.AppendBinary(nil); err != nil || !bytes.Equal(b, data[:HeaderLen]) || len(data) > MaxMessageLen {
			t.Fatalf("got %x, %v of %x", b, err, data)
		}
		list, rest, err := ParsePayloads(h.Next, data[HeaderLen:])
		if err != nil {
			return
		}
		if len(list) > MaxPayloads || len(list) > 0 && list[0].Type != h.Next || slices.ContainsFunc(list, func(p Payload) bool { return p.Type == 0 }) {
			t.Fatalf("got %v of %x", list, data)
		}
		again := AppendPayloads(nil, list...)
		again = append(again, rest...)
		body := bytes.Clone(data[HeaderLen:])
		for i, n := 0, 0; n < len(list); n++ { // the reserved bits of the second byte are not kept
			body[i+1] &= 0x80
			i += payloadHeaderLen + len(list[n].Body)
		}
		if !bytes.Equal(again, body) {
			t.Fatalf("got %x, want %x", again, body)
		}
	})
}
