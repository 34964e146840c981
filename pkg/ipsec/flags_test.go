package ipsec_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// The numbers are those of the reference API's header, written out.
func TestFlagValues(t *testing.T) {
	t.Parallel()
	for want, got := range map[uint64]ipsec.Flags{
		1: ipsec.FlagValid, 2: ipsec.FlagIKE, 4: ipsec.FlagMain, 8: ipsec.FlagAggressive,
		16: ipsec.FlagPFS, 32: ipsec.FlagTransport, 64: ipsec.FlagTunnel,
	} {
		if uint64(got) != want {
			t.Errorf("got %d, want %d", uint64(got), want)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		flags ipsec.Flags
		want  string // empty: nil
	}{
		{name: "nothing", flags: 0},
		{name: "off", flags: 0x01},
		{name: "ike", flags: 0x03},
		{name: "all that goes together", flags: 0x37},
		{name: "aggressive", flags: 0x0b},
		{name: "modes without ike", flags: 0x35},
		{name: "both modes", flags: 0x63, want: "flags 0x63: transport and tunnel exclude each other: choose one"},
		{name: "both modes without ike", flags: 0x61, want: "flags 0x61: transport and tunnel exclude each other: choose one"},
		{name: "both exchanges", flags: 0x0f, want: "flags 0x0f: main and aggressive exclude each other: choose one"},
		{name: "unknown bit", flags: 0x83, want: "flags 0x83: unknown bits 0x80"},
		{name: "highest bit", flags: 1<<63 | 1, want: "flags 0x8000000000000001: unknown bits 0x8000000000000000"},
		{name: "both modes, not valid", flags: 0x62},
		{name: "all bits, not valid", flags: ^ipsec.FlagValid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.flags.Validate()
			if (err != nil) != (tt.want != "") || err != nil && err.Error() != tt.want {
				t.Fatalf("got  %v\nwant %s", err, tt.want)
			}
			var fe *ipsec.FlagsError
			if err != nil && (!errors.As(err, &fe) || fe.Flags != tt.flags || fe.Origin != ipsec.OriginFlags) {
				t.Errorf("got %#v, want a *FlagsError of these flags", err)
			}
		})
	}
}

// What is written can be read, and is the same; a list is written where there is
// one.
func TestStringReadsBack(t *testing.T) {
	t.Parallel()
	lists := 0
	for _, f := range interestingFlags() {
		s := f.String()
		got, err := ipsec.Parse(s)
		if err != nil || got != f {
			t.Errorf("%s: got %s, error %v", s, got.Hex(), err)
		}
		fromList, err := ipsec.ParseList(s)
		if strings.HasPrefix(s, "0x") {
			if err == nil {
				t.Errorf("%s reads as a list", s)
			}
			continue
		}
		lists++
		if fromList != f {
			t.Errorf("%s: got %s, want %s", s, fromList.Hex(), f.Hex())
		}
	}
	// off, and with ike: no mode or one, no exchange or one, PFS or not.
	if want := 1 + 3*3*2; lists != want {
		t.Errorf("got %d lists, want %d", lists, want)
	}
}

func TestString(t *testing.T) {
	t.Parallel()
	for f, want := range map[ipsec.Flags]string{
		0: "0x00", 0x01: "off", 0x03: "ike", 0x27: "ike,transport,main", 0x5b: "ike,tunnel,aggressive,pfs",
		0x46: "0x46", 0x21: "0x21", 0x67: "0x67", 0x83: "0x83",
	} {
		if got := f.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestFlagsJSON(t *testing.T) {
	t.Parallel()
	for _, f := range interestingFlags() {
		b, err := json.Marshal(f)
		if err != nil || string(b) != `"`+f.Hex()+`"` {
			t.Fatalf("got %s, error %v", b, err)
		}
		got := ^f
		if err := json.Unmarshal(b, &got); err != nil || got != f {
			t.Errorf("got %s, error %v, want %s", got.Hex(), err, f.Hex())
		}
	}
	f := ipsec.Flags(5)
	if err := json.Unmarshal([]byte(`"on"`), &f); err == nil || f != 5 {
		t.Errorf("got %s, error %v, want an error and the old value", f.Hex(), err)
	}
}

// interestingFlags are all values of the bits that exist, and some of others.
func interestingFlags() []ipsec.Flags {
	var all []ipsec.Flags
	for f := ipsec.Flags(0); f < 0x80; f++ {
		all = append(all, f)
	}
	return append(all, 0x80, 0x81, 0x83, 0xa7, 1<<32|0x27, 1<<32|0x26, 1<<63|0x01, ^ipsec.Flags(0), ^ipsec.FlagValid)
}
