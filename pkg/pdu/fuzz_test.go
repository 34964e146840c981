package pdu

import (
	"bytes"
	"errors"
	"reflect"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// A message has to decode from any header without panic. Where it does, what it
// encodes decodes to the same message: encoding drops reserved bits and nothing
// else.
func fuzzMessage[T any, P interface {
	*T
	PDU
}](f *testing.F, examples ...P) {
	f.Helper()
	for _, p := range examples {
		b, err := p.AppendBinary(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:HeaderLen], b[HeaderLen:])
	}
	f.Fuzz(func(t *testing.T, header, data []byte) {
		if len(header) != HeaderLen {
			return
		}
		h := Header(header)
		h[0] = h[0]&^0x3f | byte(P(new(T)).Opcode())
		first := P(new(T))
		if err := first.Decode(&h, data); err != nil {
			return
		}
		b, err := first.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		r := NewReader(bytes.NewReader(b))
		r.MaxData = MaxDataLen
		again, err := r.ReadPDU()
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(PDU(first), again) { // cmp is slow
			if diff := cmp.Diff(PDU(first), again, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("decoded again (-first +again):\n%s", diff)
			}
		}
		c, err := again.AppendBinary(nil)
		if err != nil || !bytes.Equal(b, c) {
			t.Fatalf("got %s\nwant %s\nerror %v", spaced(c), spaced(b), err)
		}
	})
}

func FuzzNOPOut(f *testing.F) { fuzzMessage(f, &NOPOut{Immediate: true, ITT: NoTag, TTT: 1}) }

func FuzzLoginRequest(f *testing.F) {
	fuzzMessage(f, &LoginRequest{Transit: true, CSG: LoginOperationalNegotiation, NSG: FullFeaturePhase, Data: Text("A=b\x00")})
}

func FuzzTextRequest(f *testing.F) {
	fuzzMessage(f, &TextRequest{Immediate: true, Final: true, TTT: NoTag, Data: Text("SendTargets=All\x00")})
}

func FuzzLogoutRequest(f *testing.F) { fuzzMessage(f, &LogoutRequest{Immediate: true}) }

func FuzzNOPIn(f *testing.F) { fuzzMessage(f, &NOPIn{ITT: NoTag, Data: []byte{1}}) }

func FuzzLoginResponse(f *testing.F) {
	fuzzMessage(f,
		&LoginResponse{Transit: true, CSG: LoginOperationalNegotiation, NSG: FullFeaturePhase, Data: Text("A=b\x00")},
		&LoginResponse{Status: StatusAuthFailure},
	)
}

func FuzzTextResponse(f *testing.F) {
	fuzzMessage(f, &TextResponse{Continue: true, TTT: 1, Data: Text("TargetNa")})
}

func FuzzLogoutResponse(f *testing.F) { fuzzMessage(f, &LogoutResponse{Response: LogoutNoRecovery}) }

func FuzzAsyncMessage(f *testing.F) {
	fuzzMessage(f, &AsyncMessage{Event: AsyncLogout, Parameter3: 10})
}

func FuzzReject(f *testing.F) {
	fuzzMessage(f, &Reject{Reason: RejectProtocolError, Data: make([]byte, HeaderLen)})
}

// However a stream is cut, a Reader returns the same PDUs and the same error,
// and never more data than its limit; its buffer stays within twice the stream.
func FuzzReader(f *testing.F) {
	for _, d := range digests {
		f.Add(wire(f, d.header, d.data, stream...), d.header, d.data, uint16(0), uint16(7))
	}
	f.Fuzz(func(t *testing.T, in []byte, headerDigest, dataDigest bool, limit, chunk uint16) {
		read := func(size int) (all []byte, last string) {
			left := in
			r := NewReader(readerFunc(func(b []byte) (int, error) {
				if len(left) == 0 {
					return 0, errFuzzEnd
				}
				n := copy(b, left[:min(size, len(left))])
				left = left[n:]
				return n, nil
			}))
			r.HeaderDigest, r.DataDigest, r.MaxData = headerDigest, dataDigest, int(limit)
			for {
				p, err := r.ReadPDU()
				if len(r.buf) > max(firstBuffer, 2*len(in)) {
					t.Fatalf("got a buffer of %d bytes for a stream of %d", len(r.buf), len(in))
				}
				if err != nil {
					return all, err.Error()
				}
				if r.header.DataLen() > maxData(int(limit)) {
					t.Fatalf("got %d bytes of data, want %d at most", r.header.DataLen(), maxData(int(limit)))
				}
				if all, err = p.AppendBinary(all); err != nil {
					t.Fatal(err)
				}
			}
		}
		whole, wholeErr := read(max(1, len(in)))
		pieces, piecesErr := read(int(chunk) + 1)
		if !bytes.Equal(whole, pieces) || wholeErr != piecesErr {
			t.Fatalf("in pieces of %d: got %s\n%s\nwhole: got %s\n%s", int(chunk)+1, spaced(pieces), piecesErr, spaced(whole), wholeErr)
		}
	})
}

var errFuzzEnd = errors.New("end")

// Pairs that are yielded are well formed, and joined again they make the same
// text, but for extra NULs.
func FuzzPairs(f *testing.F) {
	for _, tt := range texts {
		f.Add([]byte(tt.text))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var again Text
		for p, err := range Text(in).Pairs() {
			if err != nil {
				if te := err.(*TextError); te.Offset < 0 || te.Offset >= len(in) {
					t.Fatalf("got offset %d in a text of %d bytes", te.Offset, len(in))
				}
				return
			}
			if len(p.Key) == 0 || len(p.Key) > MaxKeyLen || len(p.Value) > MaxValueLen ||
				bytes.ContainsAny(p.Key, "\x00= ") || bytes.IndexByte(p.Value, 0) >= 0 {
				t.Fatalf("got %q=%q", p.Key, p.Value)
			}
			again = again.Append(string(p.Key), string(p.Value))
		}
		want, _ := pairs(Text(in).Pairs())
		got, err := pairs(again.Pairs())
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Fatalf("(-want +got):\n%s\nerror %v", diff, err)
		}
	})
}

// What a Joiner yields has the pairs of the whole, whatever the cuts.
func FuzzJoiner(f *testing.F) {
	for _, tt := range texts {
		f.Add([]byte(tt.text), uint16(3), uint16(4))
	}
	f.Fuzz(func(t *testing.T, in []byte, first, then uint16) {
		var cuts []int
		for at := int(first); at < len(in); at += int(then) + 1 {
			cuts = append(cuts, at)
		}
		want, wantErr := pairs(Text(in).Pairs())
		got, err := join(string(in), cuts...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("cut at %v (-want +got):\n%s", cuts, diff)
		}
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("cut at %v: got error %v, want %v", cuts, err, wantErr)
		}
		if err != nil && err.(*TextError).Offset != wantErr.(*TextError).Offset {
			t.Fatalf("cut at %v: got error %v, want %v", cuts, err, wantErr)
		}
	})
}

// A number that parses is one that strconv reads alike.
func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"0", "8192", "0x2000", "18446744073709551616", "0x", "-1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		n, err := ParseNumber(in)
		if err != nil {
			if n != 0 {
				t.Fatalf("got %d beside the error", n)
			}
			return
		}
		if want, err := strconv.ParseUint(string(in), 0, 64); err != nil || n != want {
			t.Fatalf("%q: got %d, want %d, %v", in, n, want, err)
		}
	})
}

// A binary value keeps its limit, leaves what stood before it alone, and reads
// back from its own hexadecimal form.
func FuzzAppendBinary(f *testing.F) {
	for _, s := range []string{"0x00ff", "0xabc", "0bAP8Q", "0bAA==", "0b", "0x0g", "12"} {
		f.Add([]byte(s), uint16(1024))
	}
	f.Fuzz(func(t *testing.T, in []byte, limit uint16) {
		const prefix = "prefix"
		got, err := AppendBinary([]byte(prefix), in, int(limit))
		if !bytes.HasPrefix(got, []byte(prefix)) {
			t.Fatalf("got %q in front", got)
		}
		got = got[len(prefix):]
		if err != nil {
			if len(got) != 0 {
				t.Fatalf("got %q beside the error", got)
			}
			return
		}
		if len(got) == 0 || len(got) > int(limit) {
			t.Fatalf("got %d bytes, want 1 to %d", len(got), limit)
		}
		again, err := AppendBinary(nil, AppendHex(nil, got), int(limit))
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("read back: got %q, %v, want %q", again, err, got)
		}
	})
}
