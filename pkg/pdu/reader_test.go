package pdu

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// stream is a short conversation: text with padding, an empty PDU, text without
// padding.
var stream = []PDU{
	&LoginResponse{Transit: true, CSG: LoginOperationalNegotiation, NSG: FullFeaturePhase, TSIH: 1, Data: Text("TargetPortalGroupTag=1\x00")},
	&NOPIn{ITT: NoTag, TTT: 7},
	&TextResponse{Final: true, TTT: NoTag, Data: Text("TargetName=iqn.2026-01.test:a\x00A=\x00")},
}

// wire returns the bytes of PDUs, with or without digests.
func wire(t testing.TB, headerDigest, dataDigest bool, ps ...PDU) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	w.HeaderDigest, w.DataDigest, w.MaxData = headerDigest, dataDigest, MaxDataLen
	for _, p := range ps {
		if err := w.WritePDU(p); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// testReads checks that r brings the PDUs of want and then a clean end.
func testReads(t *testing.T, r *Reader, want ...PDU) {
	t.Helper()
	for i, w := range want {
		got, err := r.ReadPDU()
		if err != nil {
			t.Fatalf("PDU %d: %v", i, err)
		}
		if reflect.DeepEqual(w, got) { // cmp is slow where there is much data
			continue
		}
		if diff := cmp.Diff(w, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("PDU %d (-want +got):\n%s", i, diff)
		}
	}
	if p, err := r.ReadPDU(); err != io.EOF || p != nil {
		t.Errorf("at the end: got %v, %v, want io.EOF", p, err)
	}
}

// digests are the four ways to agree on digests.
var digests = []struct {
	name         string
	header, data bool
}{
	{name: "no digests"},
	{name: "header digest", header: true},
	{name: "data digest", data: true},
	{name: "both digests", header: true, data: true},
}

func TestReader(t *testing.T) {
	t.Parallel()
	for _, d := range digests {
		for name, slice := range map[string]func(io.Reader) io.Reader{
			"at once":                  func(r io.Reader) io.Reader { return r },
			"one byte at a time":       iotest.OneByteReader,
			"half of what is asked":    iotest.HalfReader,
			"the end with the data":    iotest.DataErrReader,
			"bytes, end with the data": func(r io.Reader) io.Reader { return iotest.DataErrReader(iotest.OneByteReader(r)) },
		} {
			t.Run(d.name+", "+name, func(t *testing.T) {
				t.Parallel()
				r := NewReader(slice(bytes.NewReader(wire(t, d.header, d.data, stream...))))
				r.HeaderDigest, r.DataDigest = d.header, d.data
				testReads(t, r, stream...)
			})
		}
	}
}

// Additional headers are skipped, and covered by the header digest.
func TestReaderAHS(t *testing.T) {
	t.Parallel()
	for _, words := range []byte{1, 5, 255} {
		p := stream[0]
		b := wire(t, false, false, p)
		b[offAHSLen] = words
		ahs := bytes.Repeat([]byte{0xa5}, int(words)*4)
		header := append(b[:HeaderLen:HeaderLen], ahs...)
		data := b[HeaderLen:]

		plain := append(bytes.Clone(header), data...)
		testReads(t, NewReader(bytes.NewReader(append(plain, wire(t, false, false, stream[1])...))), p, stream[1])

		digest := append(AppendDigest(bytes.Clone(header), header), data...)
		r := NewReader(iotest.OneByteReader(bytes.NewReader(append(digest, wire(t, true, false, stream[1])...))))
		r.HeaderDigest = true
		testReads(t, r, p, stream[1])

		digest[HeaderLen] ^= 1
		r = NewReader(bytes.NewReader(digest))
		r.HeaderDigest = true
		_, err := r.ReadPDU()
		var de *DigestError
		if !errors.As(err, &de) || !de.Header {
			t.Errorf("%d words, one bit wrong: got error %v, want a header digest error", words, err)
		}
	}
}

// Padding may be anything (RFC 7143, section 11.1), but the data digest covers
// it.
func TestReaderPadding(t *testing.T) {
	t.Parallel()
	p := &TextResponse{Data: Text("A=\x00BC")}
	b := wire(t, false, false, p)
	copy(b[len(b)-3:], "\xff\x00\x01")
	testReads(t, NewReader(bytes.NewReader(b)), p)

	withDigest := AppendDigest(bytes.Clone(b), b[HeaderLen:])
	r := NewReader(bytes.NewReader(withDigest))
	r.DataDigest = true
	testReads(t, r, p)

	withDigest[len(b)-1] ^= 1
	r = NewReader(bytes.NewReader(withDigest))
	r.DataDigest = true
	_, err := r.ReadPDU()
	var de *DigestError
	if !errors.As(err, &de) || de.Header || de.Opcode != OpTextResponse {
		t.Errorf("padding changed: got error %v, want a data digest error", err)
	}
}

// Whatever single bit is wrong, one of the digests says so, and no PDU is
// returned.
func TestReaderDigestErrors(t *testing.T) {
	t.Parallel()
	good := wire(t, true, true, stream[2])
	for bit := range len(good) * 8 {
		b := bytes.Clone(good)
		b[bit/8] ^= 1 << (bit % 8)
		r := NewReader(bytes.NewReader(b))
		r.HeaderDigest, r.DataDigest = true, true
		p, err := r.ReadPDU()
		if bit/8 == offAHSLen {
			// A digest is looked for behind additional headers. Where those
			// are longer than the stream there is none.
			if err == nil || p != nil {
				t.Errorf("bit %d of the AHS length: got %v, %v", bit%8, p, err)
			}
			continue
		}
		var de *DigestError
		if !errors.As(err, &de) || p != nil {
			t.Fatalf("bit %d of byte %d: got %v, %v, want a digest error", bit%8, bit/8, p, err)
		}
		if want := bit/8 < HeaderLen+DigestLen; de.Header != want {
			t.Errorf("bit %d of byte %d: got header=%t, want %t", bit%8, bit/8, de.Header, want)
		}
	}
}

func TestReaderEOF(t *testing.T) {
	t.Parallel()
	for _, d := range digests {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			b := wire(t, d.header, d.data, stream[0])
			for n := range b {
				for _, in := range []io.Reader{
					bytes.NewReader(b[:n]),
					iotest.DataErrReader(bytes.NewReader(b[:n])),
					iotest.OneByteReader(bytes.NewReader(b[:n])),
				} {
					r := NewReader(in)
					r.HeaderDigest, r.DataDigest = d.header, d.data
					want := io.ErrUnexpectedEOF
					if n == 0 {
						want = io.EOF
					}
					if p, err := r.ReadPDU(); err != want || p != nil {
						t.Errorf("after %d bytes: got %v, %v, want %v", n, p, err, want)
					}
				}
			}
		})
	}
}

// An error of the stream is passed on, and where the stream goes on afterwards
// so does the Reader: nothing that had arrived is lost.
func TestReaderGoesOnAfterError(t *testing.T) {
	t.Parallel()
	b := wire(t, true, true, stream...)
	for at := range b {
		r := NewReader(io.MultiReader(
			bytes.NewReader(b[:at]),
			&onceReader{err: iotest.ErrTimeout},
			bytes.NewReader(b[at:]),
		))
		r.HeaderDigest, r.DataDigest = true, true
		var got []Opcode
		failed := 0
		for {
			p, err := r.ReadPDU()
			if err == io.EOF {
				break
			}
			if err == iotest.ErrTimeout {
				failed++
				continue
			}
			if err != nil {
				t.Fatalf("error after %d bytes: got %v", at, err)
			}
			got = append(got, p.Opcode())
		}
		if len(got) != len(stream) || failed != 1 {
			t.Errorf("error after %d bytes: got %v and %d errors", at, got, failed)
		}
	}
}

// A onceReader fails once and then is at its end.
type onceReader struct{ err error }

func (o *onceReader) Read([]byte) (int, error) {
	err := o.err
	o.err = io.EOF
	return 0, err
}

// A data segment over the limit is judged from the header: no byte more is
// read, and no memory bought.
func TestReaderLimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		maxData int
		size    int
		refused bool
	}{
		{name: "default, at the limit", size: 8192},
		{name: "default, over it", size: 8193, refused: true},
		{name: "own limit", maxData: 262144, size: 262144},
		{name: "over it", maxData: 262144, size: 262145, refused: true},
		{name: "small limit", maxData: 1, size: 2, refused: true},
		{name: "largest claim", size: MaxDataLen, refused: true},
		{name: "largest claim, accepted", maxData: MaxDataLen, size: MaxDataLen},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := wire(t, false, false, &TextResponse{Data: make(Text, tt.size)})
			counted := &countingReader{r: iotest.OneByteReader(bytes.NewReader(b))}
			if !tt.refused {
				counted.r = bytes.NewReader(b)
			}
			r := NewReader(counted)
			r.MaxData = tt.maxData
			_, err := r.ReadPDU()
			if !tt.refused {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var limit *SizeError
			if !errors.As(err, &limit) {
				t.Fatalf("got error %v, want a SizeError", err)
			}
			want := &SizeError{Opcode: OpTextResponse, What: "data segment", Size: tt.size, Limit: maxData(tt.maxData)}
			if diff := cmp.Diff(want, limit); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if counted.n != HeaderLen {
				t.Errorf("read %d bytes, want %d", counted.n, HeaderLen)
			}
			if len(r.buf) > firstBuffer {
				t.Errorf("bought %d bytes, want %d", len(r.buf), firstBuffer)
			}
		})
	}
}

// A countingReader counts bytes.
type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}

// The largest claim that we accept, and then silence, at once or when the first
// buffer is full: nothing is bought for bytes that do not come.
func TestReaderClaimThenSilence(t *testing.T) {
	var h Header
	h[0] = byte(OpTextResponse)
	h[offDataLen], h[offDataLen+1], h[offDataLen+2] = 0xff, 0xff, 0xff
	for _, tt := range []struct{ arrived, want int }{
		{HeaderLen, firstBuffer},
		{firstBuffer, 2 * firstBuffer},
		{3 * firstBuffer, 4 * firstBuffer},
	} {
		sent := append(h[:], make([]byte, tt.arrived-HeaderLen)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := NewReader(bytes.NewReader(sent))
		r.MaxData = MaxDataLen
		if _, err := r.ReadPDU(); err != io.ErrUnexpectedEOF {
			t.Errorf("got error %v, want %v", err, io.ErrUnexpectedEOF)
		}
		runtime.ReadMemStats(&after)
		if len(r.buf) != tt.want {
			t.Errorf("%d bytes arrived: got a buffer of %d bytes, want %d", tt.arrived, len(r.buf), tt.want)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 64<<10 {
			t.Errorf("%d bytes arrived: allocated %d bytes in all", tt.arrived, got)
		}
	}
}

// The buffer is never more than twice what has arrived, the first one aside,
// and never more than the PDU needs.
func TestReaderGrowth(t *testing.T) {
	t.Parallel()
	b := wire(t, true, true, &TextResponse{Data: make(Text, 100_001)})
	for _, chunk := range []int{1, 7, 1000, 1 << 20} {
		arrived := 0
		var r *Reader
		r = NewReader(readerFunc(func(p []byte) (int, error) {
			if limit := max(firstBuffer, min(2*arrived, len(b))); len(r.buf) > limit {
				t.Fatalf("pieces of %d: got a buffer of %d bytes after %d had arrived", chunk, len(r.buf), arrived)
			}
			n := copy(p, b[arrived:min(len(b), arrived+chunk)])
			arrived += n
			return n, nil
		}))
		r.HeaderDigest, r.DataDigest, r.MaxData = true, true, MaxDataLen
		if _, err := r.ReadPDU(); err != nil {
			t.Error(err)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestReaderUnknownOpcode(t *testing.T) {
	t.Parallel()
	for op := range Opcode(0x40) {
		var r Reader
		known := r.value(op) != nil
		b := make([]byte, HeaderLen)
		b[0] = byte(op) | bitImmediate
		p, err := NewReader(bytes.NewReader(b)).ReadPDU()
		if known {
			if err != nil || p.Opcode() != op {
				t.Errorf("%s: got %v, %v", op, p, err)
			}
			continue
		}
		var format *FormatError
		if !errors.As(err, &format) || format.Opcode != op || p != nil {
			t.Errorf("%s: got %v, %v, want a FormatError", op, p, err)
		}
	}
}

// After a large PDU the same buffer serves small ones, and what stood behind
// the large one is not lost.
func TestReaderReuse(t *testing.T) {
	t.Parallel()
	big := &TextResponse{Continue: true, TTT: 1, Data: Text(strings.Repeat("A=b\x00", 4_000))}
	all := append(append([]PDU{stream[0], big}, stream...), big, stream[1])
	r := NewReader(bytes.NewReader(wire(t, false, true, all...)))
	r.DataDigest, r.MaxData = true, MaxDataLen
	testReads(t, r, all...)
	if most := HeaderLen + len(big.Data) + DigestLen; len(r.buf) > most {
		t.Errorf("got a buffer of %d bytes, want %d at most", len(r.buf), most)
	}
}

// The fields of a Reader may change between PDUs, with the next PDU in its
// buffer already.
func TestReaderFieldsChange(t *testing.T) {
	t.Parallel()
	b := append(wire(t, false, false, stream[0]), wire(t, true, true, stream[1], stream[2])...)
	r := NewReader(bytes.NewReader(b))
	if _, err := r.ReadPDU(); err != nil {
		t.Fatal(err)
	}
	r.HeaderDigest, r.DataDigest = true, true
	testReads(t, r, stream[1], stream[2])
}

// Data is cut to its length, so that appending to it cannot write into what
// has arrived behind it.
func TestReaderDataCapacity(t *testing.T) {
	t.Parallel()
	r := NewReader(bytes.NewReader(wire(t, false, false, stream...)))
	p, err := r.ReadPDU()
	if err != nil {
		t.Fatal(err)
	}
	_ = append(p.(*LoginResponse).Data, make([]byte, 60)...)
	testReads(t, r, stream[1:]...)
}

// A Reader that is reset forgets the stream before, its fields included.
func TestReaderReset(t *testing.T) {
	t.Parallel()
	r := NewReader(bytes.NewReader(wire(t, true, true, stream...)[:60]))
	r.HeaderDigest, r.DataDigest, r.MaxData = true, true, 1
	if _, err := r.ReadPDU(); err == nil {
		t.Fatal("got a PDU, want an error")
	}
	kept := &r.buf[0]
	r.Reset(bytes.NewReader(wire(t, false, false, stream...)))
	testReads(t, r, stream...)
	if &r.buf[0] != kept {
		t.Error("the buffer was not kept")
	}

	big := &TextResponse{Data: make(Text, largeBuffer+1)}
	r.Reset(bytes.NewReader(wire(t, false, false, big)))
	r.MaxData = MaxDataLen
	if _, err := r.ReadPDU(); err != nil {
		t.Fatal(err)
	}
	r.Reset(bytes.NewReader(wire(t, false, false, stream...)))
	if len(r.buf) > largeBuffer {
		t.Errorf("kept a buffer of %d bytes, want %d at most", len(r.buf), largeBuffer)
	}
	testReads(t, r, stream...)
}

// What is no PDU can be looked at.
func TestReaderBuffered(t *testing.T) {
	t.Parallel()
	const banner = "SSH-2.0-OpenSSH_9.9 and whatever else comes, long enough for a header"
	r := NewReader(bytes.NewReader(append(wire(t, false, false, stream[0]), banner...)))
	if _, err := r.ReadPDU(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ReadPDU(); err == nil {
		t.Fatal("got a PDU, want an error")
	}
	if got := string(r.Buffered()); got != banner {
		t.Errorf("got %q, want %q", got, banner)
	}
}
