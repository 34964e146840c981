package isns

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// pdu returns a PDU of a DevAttrQryRsp.
func pduOf(flags Flags, seq uint16, payload []byte) []byte {
	h := Header{Version: Version, Function: FuncDevAttrQry.Response(), Length: uint16(len(payload)), Flags: FlagServer | flags, TransactionID: 1, SequenceID: seq}
	return append(h.append(nil), payload...)
}

// changed returns a PDU with a field of its header changed.
func changed(b []byte, at int, v uint16) []byte {
	b = bytes.Clone(b)
	binary.BigEndian.PutUint16(b[at:], v)
	return b
}

// TestBadMessages: what breaks the framing is an error, and which.
func TestBadMessages(t *testing.T) {
	t.Parallel()
	const one, first, last = FlagFirst | FlagLast, FlagFirst, FlagLast
	ok := []byte{0, 0, 0, 0}
	more := []byte{0, 0, 0, 34, 0, 0, 0, 0} // in a later PDU it is right
	var huge []byte
	huge = append(huge, ok...)
	huge = append(huge, 0, 0, 0, 34, 0xff, 0xff, 0xff, 0xfc)
	var (
		format  *FormatError
		version *VersionError
		size    *SizeError
	)
	for _, tt := range []struct {
		name string
		in   []byte
		want any
	}{
		{"version 2", changed(pduOf(one, 0, ok), 0, 2), &version},
		{"not the first", pduOf(last, 0, ok), &format},
		{"begins with 1", pduOf(one, 1, ok), &format},
		{"no multiple of four", append(pduOf(first, 0, []byte{0, 0, 0, 0, 0, 0}), pduOf(last, 1, []byte{0, 34, 0, 0, 0, 0})...), &format},
		{"authentication block", pduOf(one|FlagAuth, 0, ok), &format},
		{"longer than MaxMessage", pduOf(one, 0, make([]byte, 132)), &size},
		{"longer in two PDUs", append(pduOf(first, 0, make([]byte, 68)), pduOf(last, 1, make([]byte, 68))...), &size},
		{"second first PDU", append(pduOf(first, 0, ok), pduOf(one, 1, more)...), &format},
		{"a PDU is missing", append(pduOf(first, 0, ok), pduOf(last, 2, more)...), &format},
		{"a PDU twice", append(pduOf(first, 0, ok), pduOf(last, 0, more)...), &format},
		{"another transaction", append(pduOf(first, 0, ok), changed(pduOf(last, 1, more), 8, 2)...), &format},
		{"another function", append(pduOf(first, 0, ok), changed(pduOf(last, 1, more), 2, 0x8003)...), &format},
		{"attribute longer than the message", pduOf(one, 0, huge), &format},
		{"attribute of three bytes", pduOf(one, 0, append(ok[:4:4], 0, 0, 0, 34, 0, 0, 0, 3, 'a', 'b', 0, 0, 0, 0, 34, 0, 0, 0, 5, 'a', 'b', 0, 0, 0)), &format},
		{"ends in an attribute", pduOf(one, 0, append(ok[:4:4], 0, 0, 0, 34, 0, 0, 0, 8, 'a', 'b', 0, 0)), &format},
		{"no status", pduOf(one, 0, nil), &format},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := NewReader(bytes.NewReader(tt.in))
			r.MaxMessage = 128
			if err := readAll(r); !errors.As(err, tt.want) {
				t.Errorf("got %v, want a %T", err, tt.want)
			}
		})
	}
}

// readAll reads all messages as responses.
func readAll(r *Reader) error {
	for {
		m, err := r.Next()
		if err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		if _, err := m.Status(); err != nil {
			return err
		}
		for a, err := range m.Attributes() {
			if err != nil {
				return err
			}
			_, _ = a.Text()
			_, _ = a.Address()
			_, _, _ = a.Port()
			_, _ = a.Time()
		}
	}
}

// TestUnread: what is not read of a message, over several PDUs, is not taken for the next one.
func TestUnread(t *testing.T) {
	t.Parallel()
	in := append(pduOf(FlagFirst, 0, []byte{0, 0, 0, 1, 0, 0, 0, 0}), pduOf(FlagLast, 1, pduOf(FlagFirst|FlagLast, 0, nil))...)
	r := NewReader(bytes.NewReader(append(in, pduOf(FlagFirst|FlagLast, 0, []byte{0, 0, 0, 2})...)))
	for want := Status(1); want < 3; want++ {
		m, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.Status(); got != want || err != nil {
			t.Errorf("got status %d, %v, want %d", got, err, want)
		}
	}
}

// TestEmptyPDUs: PDUs without payload are passed over, but not without end: their numbers
// run out.
func TestEmptyPDUs(t *testing.T) {
	t.Parallel()
	in := append(pduOf(FlagFirst, 0, nil), pduOf(0, 1, nil)...)
	in = append(in, pduOf(0, 2, []byte{0, 0})[:HeaderLen]...) // claims two bytes
	if err := readAll(NewReader(bytes.NewReader(in))); err == nil {
		t.Error("two bytes: got no error")
	}
	in = append(pduOf(FlagFirst, 0, nil), pduOf(FlagLast, 1, []byte{0, 0, 0, 0})...)
	if err := readAll(NewReader(bytes.NewReader(in))); err != nil {
		t.Errorf("an empty first PDU: %v", err)
	}
	endless := &repeated{make: func(i int) []byte {
		if i == 0 {
			return pduOf(FlagFirst, 0, nil)
		}
		return pduOf(0, uint16(i), nil)
	}}
	var format *FormatError
	if err := readAll(NewReader(endless)); !errors.As(err, &format) {
		t.Errorf("endless: got %v, want a *FormatError", err)
	}
	if endless.n > 1<<16+readerBuffer {
		t.Errorf("endless: %d PDUs were read", endless.n)
	}
}

// A repeated reader makes what is read from it, up to a number of times at which the reader of
// it has long gone wrong.
type repeated struct {
	make func(i int) []byte
	n    int
	rest []byte
}

func (r *repeated) Read(b []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.n > 1<<18 {
			return 0, io.EOF
		}
		r.rest = r.make(r.n)
		r.n++
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// TestReaderMemory: an attribute of a mebibyte, over many PDUs, is skipped, and takes no
// memory.
func TestReaderMemory(t *testing.T) {
	const size = 1 << 20
	payload := make([]byte, 4+attributeHeader+size, 4+attributeHeader+size+attributeHeader)
	payload[7] = 99
	binary.BigEndian.PutUint32(payload[8:], size)
	payload = append(payload, 0, 0, 0, 34, 0, 0, 0, 0)
	var in []byte
	for i := 0; len(payload) > 0; i++ {
		n := min(len(payload), MaxPDUPayload)
		in = append(in, pduOf(0, uint16(i), payload[:n])...)
		payload = payload[n:]
		last := len(in) - n - HeaderLen
		if i == 0 {
			binary.BigEndian.PutUint16(in[6:], uint16(FlagFirst))
		}
		if len(payload) == 0 {
			binary.BigEndian.PutUint16(in[last+6:], uint16(FlagLast))
		}
	}
	r := NewReader(nil)
	got := testing.AllocsPerRun(10, func() {
		r.r.Reset(bytes.NewReader(in))
		r.message = Message{}
		m, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Status(); err != nil {
			t.Fatal(err)
		}
		var tags []Tag
		for a, err := range m.Attributes() {
			if err != nil {
				t.Fatal(err)
			}
			if a.Len == size && a.Value != nil {
				t.Error("the long value was kept")
			}
			tags = append(tags, a.Tag)
		}
		if len(tags) != 2 || tags[1] != TagAlias {
			t.Errorf("got attributes %v, want two, and the last the alias", tags)
		}
	})
	if got > 10 {
		t.Errorf("got %.0f allocations, want 10 at most", got)
	}
}

// FuzzReader: no bytes make the reader panic, run forever or keep more than one attribute.
func FuzzReader(f *testing.F) {
	f.Add(pduOf(FlagFirst|FlagLast, 0, []byte{0, 0, 0, 0, 0, 0, 0, 34, 0, 0, 0, 4, 'a', 0, 0, 0}))
	f.Add(append(pduOf(FlagFirst, 0, []byte{0, 0, 0, 0}), pduOf(FlagLast, 1, nil)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(bytes.NewReader(b))
		r.MaxMessage = 1 << 16
		_ = readAll(r)
		m, err := NewReader(bytes.NewReader(b)).Next()
		if err != nil {
			return
		}
		body := bodyOf(m.Header.Function)
		if body.Decode(m) != nil {
			return
		}
		again, err := AppendMessage(nil, body, FlagClient, 1)
		if err != nil {
			t.Fatalf("%+v cannot be written: %v", body, err)
		}
		if m, err = NewReader(bytes.NewReader(again)).Next(); err == nil {
			err = bodyOf(m.Header.Function).Decode(m)
		}
		if err != nil {
			t.Errorf("%+v is written as %x, which is no message: %v", body, again, err)
		}
	})
}
