package pdu

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// A golden is a message and its bytes, in spaced hex.
type golden struct {
	name string
	pdu  PDU
	want string
}

// testGolden encodes each message behind a prefix, compares the bytes, and
// decodes them back.
func testGolden(t *testing.T, tests []golden) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const prefix = "prefix"
			b, err := tt.pdu.AppendBinary([]byte(prefix))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(b, []byte(prefix)) {
				t.Fatalf("got %q in front, want %q", b[:len(prefix)], prefix)
			}
			b = b[len(prefix):]
			if want := unhex(t, tt.want); !bytes.Equal(b, want) {
				t.Fatalf("got %s\nwant %s", spaced(b), spaced(want))
			}
			back, err := NewReader(bytes.NewReader(b)).ReadPDU()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.pdu, back, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("decoded back (-want +got):\n%s", diff)
			}
		})
	}
}

// A crooked row is a header that differs in some bytes from a good message, and
// what Decode makes of it.
type crooked struct {
	name  string
	pdu   PDU
	bytes map[int]byte // offset in the header, new value
	want  string       // of the error; empty: it decodes to pdu all the same
}

// testCrooked checks that reserved bits are ignored, and reserved values of
// defined fields refused.
func testCrooked(t *testing.T, tests []crooked) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b, err := tt.pdu.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			for off, c := range tt.bytes {
				b[off] = c
			}
			got, err := NewReader(bytes.NewReader(b)).ReadPDU()
			checkError(t, err, tt.want)
			if tt.want == "" {
				if diff := cmp.Diff(tt.pdu, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			} else if got != nil {
				t.Errorf("got a %s beside the error", got.Opcode())
			}
		})
	}
}

// checkError compares the text of an error; want is empty where there is none.
func checkError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Errorf("got error %q, want %q", got, want)
	}
}

// unhex decodes spaced hex.
func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// spaced is the way in which our tables show bytes.
func spaced(b []byte) string {
	var s strings.Builder
	for i, c := range b {
		switch {
		case i%16 == 0:
			s.WriteString("\n\t")
		case i%8 == 0:
			s.WriteString("  ")
		default:
			s.WriteString(" ")
		}
		fmt.Fprintf(&s, "%02x", c)
	}
	return s.String()
}
