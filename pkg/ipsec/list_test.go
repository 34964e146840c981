package ipsec_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

func TestParseList(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]ipsec.Flags{
		"off": 0x01, "ike": 0x03, "main": 0x07, "aggressive": 0x0b, "pfs": 0x13, "transport": 0x23, "tunnel": 0x43,
		"transport,main": 0x27, "main,transport,ike": 0x27, "ike,transport,main,pfs": 0x37, "pfs,aggressive,tunnel": 0x5b,
	} {
		if got, err := ipsec.ParseList(list); err != nil || got != want {
			t.Errorf("%s: got %s, error %v, want %s", list, got.Hex(), err, want.Hex())
		}
		if got, err := ipsec.Parse(list); err != nil || got != want {
			t.Errorf("Parse: %s: got %s, error %v, want %s", list, got.Hex(), err, want.Hex())
		}
	}
}

func TestParseHex(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ipsec.Flags{
		"0x0": 0, "0x27": 0x27, "0X5B": 0x5b, "0x67": 0x67, "0x46": 0x46, "0xffffffffffffffff": ^ipsec.Flags(0),
	} {
		if got, err := ipsec.Parse(text); err != nil || got != want {
			t.Errorf("%s: got %s, error %v, want %s", text, got.Hex(), err, want.Hex())
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	const known = "ike, transport, tunnel, main, aggressive, pfs, off"
	for _, tt := range []struct{ input, want string }{
		{"", `flags "": expected one or more of ike, transport, tunnel, main, aggressive, pfs, off`},
		{"esp", `flags "esp": "esp" is not one of ` + known},
		{"ike,", `flags "ike,": "" is not one of ` + known},
		{"ike, main", `flags "ike, main": " main" is not one of ` + known},
		{"IKE", `flags "IKE": "IKE" is not one of ` + known},
		{"valid", `flags "valid": "valid" is not one of ` + known},
		{"27", `flags "27": "27" is not one of ` + known},
		{"off,ike", `flags "off,ike": off cannot be combined with other words: leave out off or the rest`},
		{"tunnel,off", `flags "tunnel,off": off cannot be combined with other words: leave out off or the rest`},
		{"off,off", `flags "off,off": off cannot be combined with other words: leave out off or the rest`},
		{"main,main", `flags "main,main": main occurs twice`},
		{"transport,tunnel", `flags "transport,tunnel": transport and tunnel exclude each other: choose one`},
		{"main,aggressive", `flags "main,aggressive": main and aggressive exclude each other: choose one`},
		{"0x", `flags "0x": expected 0x and up to 16 hexadecimal digits`},
		{"0x1_0", `flags "0x1_0": expected 0x and up to 16 hexadecimal digits`},
		{"0x-1", `flags "0x-1": expected 0x and up to 16 hexadecimal digits`},
		{"0x10000000000000000", `flags "0x10000000000000000": expected 0x and up to 16 hexadecimal digits`},
	} {
		_, err := ipsec.Parse(tt.input)
		var pe *ipsec.ParseError
		if !errors.As(err, &pe) || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}

func TestParseErrorIsShort(t *testing.T) {
	t.Parallel()
	_, err := ipsec.ParseList(strings.Repeat("x", 1<<20))
	if err == nil || len(err.Error()) > 400 {
		t.Errorf("got an error of %d bytes", len(err.Error()))
	}
}

func FuzzParseList(f *testing.F) {
	for _, s := range []string{
		"", "off", "ike", "off,ike", "transport,main,pfs", "tunnel,aggressive", "transport,tunnel", "main,main", ",", "ike,,main", "\xff\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ipsec.ParseList(s)
		if err != nil {
			var pe *ipsec.ParseError
			if !errors.As(err, &pe) || got != 0 || strings.ContainsAny(err.Error(), "\r\n\x1b") {
				t.Fatalf("got %s, error %q", got.Hex(), err)
			}
			return
		}
		if !got.Has(ipsec.FlagValid) || got.Validate() != nil || got.Has(ipsec.FlagIKE) == (s == "off") {
			t.Fatalf("%q: got %s", s, got.Hex())
		}
		// The same words but for ike, which may have been implied, and the order.
		in, out := strings.Split(s, ","), strings.Split(got.String(), ",")
		without := func(list []string) []string {
			list = slices.DeleteFunc(list, func(w string) bool { return w == "ike" })
			slices.Sort(list)
			return list
		}
		if in, out := without(in), without(out); !slices.Equal(in, out) {
			t.Fatalf("%q: got %s", s, got)
		}
	})
}
