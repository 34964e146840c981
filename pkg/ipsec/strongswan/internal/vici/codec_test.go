package vici

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func fromHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var compare = cmp.Options{cmp.AllowUnexported(Element{}), cmpopts.EquateEmpty()}

func TestCodec(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		s    Section
		want string
	}{
		{name: "nothing", want: ""},
		{name: "value", s: Section{Text("key", "value")}, want: "03 03 6b6579 0005 76616c7565"},
		{name: "empty value", s: Section{Text("k", "")}, want: "03 01 6b 0000"},
		{name: "list", s: Section{List("l", "a", "bc")}, want: "04 01 6c  05 0001 61  05 0002 6263  06"},
		{name: "empty list", s: Section{List("l")}, want: "04 01 6c 06"},
		{
			name: "sections and repeated keys",
			s:    Section{Sub("s", Text("a", "1"), Sub("t")), Text("a", "2"), Text("a", "3")},
			want: "01 01 73  03 01 61 0001 31  01 01 74 02  02  03 01 61 0001 32  03 01 61 0001 33",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.s.Append([]byte("before"))
			if err != nil {
				t.Fatal(err)
			}
			if want := fromHex(t, tt.want); !bytes.Equal(got, append([]byte("before"), want...)) {
				t.Errorf("got %x, want %x", got, want)
			}
			back, err := Decode(got[len("before"):])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.s, back, compare); diff != "" {
				t.Errorf("there and back (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("01 00 ", maxDepth+1)
	for _, tt := range []struct{ name, bytes string }{
		{name: "unknown item", bytes: "07 01 61"},
		{name: "no key", bytes: "03"},
		{name: "half a key", bytes: "03 02 61"},
		{name: "no value", bytes: "03 01 61"},
		{name: "half a value", bytes: "03 01 61 0002 61"},
		{name: "open list", bytes: "04 01 61 05 0001 61"},
		{name: "value in a list", bytes: "04 01 61 03 01 61 0000 06"},
		{name: "open section", bytes: "01 01 61"},
		{name: "a section ends twice", bytes: "01 01 61 02 02"},
		{name: "deep", bytes: deep},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Decode(fromHex(t, tt.bytes))
			var format *FormatError
			if !errors.As(err, &format) {
				t.Errorf("got %v, want a FormatError", err)
			}
		})
	}
}

func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxValue+1)
	for _, s := range []Section{
		{Text(long[:maxKey+1], "")}, {Text("k", long)}, {List("k", long)}, {Sub("s", Text("k", long))}, {{Key: "none"}},
	} {
		if b, err := s.Append(nil); err == nil {
			t.Errorf("appended %d bytes", len(b))
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x01\x01s\x03\x01a\x00\x011\x02\x04\x01l\x05\x00\x01x\x06"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Decode(b)
		if err != nil {
			return
		}
		back, err := s.Append(nil)
		if err != nil {
			t.Fatalf("what was decoded cannot be appended: %v", err)
		}
		if !bytes.Equal(back, b) {
			t.Fatalf("there and back: got %x, want %x", back, b)
		}
		if s.Size() != len(b) {
			t.Fatalf("size of %x: got %d, want %d", b, s.Size(), len(b))
		}
	})
}
