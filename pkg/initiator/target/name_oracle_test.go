package target

import (
	"regexp"
	"slices"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// neighbours are lists in which a name begins like the one before it, which is not
// in plain iqn. form, and goes on with what a look at the rest alone would let pass.
var neighbours = []string{
	"TargetName=eui.0123456789abcdef\x00TargetName=eui.0123456789ab:not.an.eui\x00",
	"TargetName=eui.0123456789abcdef\x00TargetName=eui.0123456789abcdef:0123456789abcdef\x00",
	"TargetName=naa.52004567ba64678d\x00TargetName=naa.52004567ba64678d0\x00TargetName=naa.52004567ba64678d:disk\x00",
	"TargetName=iqn.2026-11.com.example:größe\x00TargetName=iqn.2026-11.com.example:gr\xc3.disk\x00",
	"TargetName=iqn.2026-11.com.example:größe12345678\x00TargetName=iqn.2026-11.com.example:größe12\xc3\x00",
	"TargetName=iqn.2026-11.com.example:ディスク12345678\x00TargetName=iqn.2026-11.com.example:ディスク\xe3\x83\x00",
	"TargetName=iqn.com.sgmsys-10.array.disk1\x00TargetName=iqn.com.sgmsys-10.array.disk 2\x00",
	"TargetName=disk1disk1disk1disk1\x00TargetName=disk1disk1disk1/isk1\x00",
	"TargetName=iqn.2026-11.com.example:disk1\x00TargetName=iqn.2026-11.com.example:disk\xff\x00",
}

// oracle says of one name, by itself, whether it may come out of a list. It has
// nothing in common with name.Harmful but the tables of package unicode.
func oracle(name string) bool {
	if len(name) == 0 || len(name) > 223 || !utf8.ValidString(name) || norm.NFKC.String(name) != name {
		return false
	}
	if ascii := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.:_-]*$`); isASCII(name) {
		return ascii.MatchString(name)
	}
	shown := regexp.MustCompile(`^[\pL\p{Nd}][\pL\pM\pN\pP\pS]*$`)
	ascii := regexp.MustCompile(`^[A-Za-z0-9.:_-]*$`)
	for _, r := range name {
		if r < utf8.RuneSelf && !ascii.MatchString(string(r)) {
			return false
		}
	}
	return shown.MatchString(name)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] > unicode.MaxASCII {
			return false
		}
	}
	return true
}

// judgeNames holds each name that came out of a list against the oracle, and each
// name of the text that is plain beyond doubt against what came out.
func judgeNames(t *testing.T, text []byte, got listing) {
	t.Helper()
	var out []string
	for _, target := range got.Targets {
		if out = append(out, name.Fold(target.Name)); !oracle(target.Name) {
			t.Errorf("name %q came out", target.Name)
		}
	}
	if got.err != nil || len(got.Targets) == 0 {
		return
	}
	plain := regexp.MustCompile(`^iqn\.[0-9]{4}-(0[1-9]|1[0-2])\.[a-z0-9][a-z0-9.:_-]*$`)
	for p, err := range pdu.Text(text).Pairs() {
		if name := string(p.Value); err == nil && string(p.Key) == pdu.KeyTargetName && len(name) <= 223 && plain.MatchString(name) && !slices.Contains(out, name) {
			t.Errorf("name %q did not come out", name)
		}
	}
}

// TestNeighbours: what a name has in common with the one before it says nothing
// about it, unless that one is plain.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	want := [][]string{
		{"eui.0123456789abcdef", "eui.0123456789ab:not.an.eui"},
		{"eui.0123456789abcdef", "eui.0123456789abcdef:0123456789abcdef"},
		{"naa.52004567ba64678d", "naa.52004567ba64678d0", "naa.52004567ba64678d:disk"},
		{"iqn.2026-11.com.example:größe"},
		{"iqn.2026-11.com.example:größe12345678"},
		{"iqn.2026-11.com.example:ディスク12345678"},
		{"iqn.com.sgmsys-10.array.disk1"},
		{"disk1disk1disk1disk1"},
		{"iqn.2026-11.com.example:disk1"},
	}
	for i, text := range neighbours {
		for _, take := range []func(*Parser, pdu.Text) error{(*Parser).Text, pairByPair} {
			got := listOf([]byte(text), 1<<10, 8, take)
			var names []string
			for _, target := range got.Targets {
				names = append(names, target.Name)
			}
			if !slices.Equal(names, want[i]) {
				t.Errorf("%q: got %q, want %q; warnings %v", text, names, want[i], got.Warnings)
			}
			if len(got.Warnings) == 0 {
				t.Errorf("%q: no warning", text)
			}
		}
	}
}
