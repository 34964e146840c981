package pdu

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A writes is an io.Writer that keeps each Write apart.
type writes [][]byte

func (w *writes) Write(b []byte) (int, error) {
	*w = append(*w, bytes.Clone(b))
	return len(b), nil
}

func TestWriter(t *testing.T) {
	t.Parallel()
	for _, d := range digests {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			var got writes
			w := NewWriter(&got)
			w.HeaderDigest, w.DataDigest = d.header, d.data
			var want writes
			for _, p := range stream {
				if err := w.WritePDU(p); err != nil {
					t.Fatal(err)
				}
				b, err := p.AppendBinary(nil)
				if err != nil {
					t.Fatal(err)
				}
				header, data := b[:HeaderLen:HeaderLen], b[HeaderLen:]
				if d.header {
					header = AppendDigest(header, header)
				}
				if d.data && len(data) > 0 {
					data = AppendDigest(data, data)
				}
				want = append(want, append(header, data...))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriterLimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		maxData int
		size    int
		refused bool
	}{
		{name: "default, at the limit", size: 8192},
		{name: "default, over it", size: 8193, refused: true},
		{name: "padding does not count", maxData: 5, size: 5},
		{name: "padding is no room", maxData: 5, size: 6, refused: true},
		{name: "more than a header can express", maxData: 1 << 30, size: MaxDataLen + 1, refused: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var sent writes
			w := NewWriter(&sent)
			w.MaxData = tt.maxData
			err := w.WritePDU(&TextRequest{Data: make(Text, tt.size)})
			if !tt.refused {
				if err != nil || len(sent) != 1 {
					t.Errorf("got %d writes and error %v", len(sent), err)
				}
				return
			}
			var limit *SizeError
			if !errors.As(err, &limit) {
				t.Fatalf("got error %v, want a SizeError", err)
			}
			want := &SizeError{Opcode: OpTextRequest, What: "data segment", Size: tt.size, Limit: min(maxData(tt.maxData), MaxDataLen)}
			if diff := cmp.Diff(want, limit); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(sent) != 0 {
				t.Errorf("got %d writes, want none", len(sent))
			}
			if err := w.WritePDU(&LogoutRequest{}); err != nil || len(sent) != 1 || len(sent[0]) != HeaderLen {
				t.Errorf("the next PDU: got %d writes and error %v", len(sent), err)
			}
		})
	}
}

func TestWriterError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	w := NewWriter(writerFunc(func([]byte) (int, error) { return 0, broken }))
	if err := w.WritePDU(&LogoutRequest{}); !errors.Is(err, broken) {
		t.Errorf("got error %v, want %v", err, broken)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// A Writer that is reset forgets its fields, and a large buffer.
func TestWriterReset(t *testing.T) {
	t.Parallel()
	var first, second writes
	w := NewWriter(&first)
	w.HeaderDigest, w.DataDigest, w.MaxData = true, true, MaxDataLen
	if err := w.WritePDU(&TextRequest{Data: make(Text, largeBuffer+1)}); err != nil {
		t.Fatal(err)
	}
	w.Reset(&second)
	if cap(w.buf) > largeBuffer {
		t.Errorf("kept a buffer of %d bytes, want %d at most", cap(w.buf), largeBuffer)
	}
	if err := w.WritePDU(stream[0]); err != nil {
		t.Fatal(err)
	}
	if want := (writes{wire(t, false, false, stream[0])}); len(first) != 1 || cmp.Diff(want, second) != "" {
		t.Errorf("got %d writes before, and % x after", len(first), second)
	}
}
