package initiator

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// FuzzTargetAddress: what passes is an address that can be written and read
// again, without anything that could be mistaken for something else.
func FuzzTargetAddress(f *testing.F) {
	for _, s := range []string{
		"192.0.2.1:3260,1", "[2001:db8::1]:3260,1", "[fe80::1%eth0],1", "array.example,65535", "a:1", "[::ffff:1.2.3.4]", "", ",", "[", "]:,",
		"192.0.2.01", "0x7f.1", "a..b", "[::]]:1", "1.2.3.4:00001,00001",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, reason := parseTargetAddress(s)
		if reason != "" {
			if !printable(reason) {
				t.Errorf("reason %q", reason)
			}
			return
		}
		if a.Host == "" || len(a.Host) > MaxAddressLen || a.Port == 0 || a.Group < NoGroup || a.Group > 65535 {
			t.Fatalf("got %+v", a)
		}
		if !printable(a.Host) || strings.ContainsAny(a.Host, "%[], /\\\"'") {
			t.Errorf("host %q", a.Host)
		}
		written := a.String()
		if a.Group == NoGroup {
			written = strings.TrimSuffix(written, ",-1")
		}
		if again, reason := parseTargetAddress(written); reason != "" || again != a {
			t.Errorf("got %+v, written as %q, read again as %+v, %q", a, written, again, reason)
		}
		if addr, ok := a.Addr(); ok && addr.Zone() != "" {
			t.Errorf("zone %q", addr.Zone())
		}
	})
}

// FuzzName: what passes as an iSCSI name is fit for any output, and folding it
// comes to an end.
func FuzzName(f *testing.F) {
	for _, s := range []string{
		"iqn.2026-11.com.example:disk1", "eui.02004567A425678D", "naa.62004567BA64678D0123456789ABCDEF", "IQN.2026-11.com.example:Größe",
		"iqn.2026-11.com.example:a\u0301", "iqn.2026-11.com.example:\u202e", "iqn.", "", "iqn.2026-11.:", "iqn.2026-11.com.example:İ", "iqn.2026-11.com.example:ϔ",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded := FoldName(s)
		if utf8.ValidString(s) && FoldName(folded) != folded {
			t.Errorf("%q folds to %q, and that to %q", s, folded, FoldName(folded))
		}
		err := ValidateName(s)
		if isPlainName([]byte(s)) && (err != nil || FoldName(s) != s) {
			t.Errorf("%q is taken for a plain name: %v, folded %q", s, err, FoldName(s))
		}
		if err != nil {
			if !printable(strings.ReplaceAll(err.Error(), "…", "")) {
				t.Errorf("error %q", err)
			}
			return
		}
		if len(s) > MaxNameLen || !utf8.ValidString(s) || !norm.NFKC.IsNormalString(s) {
			t.Errorf("%q passes", s)
		}
		if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsGraphic(r) || r == ' ' || r == '/' || r == ',' }) {
			t.Errorf("%q passes", s)
		}
	})
}

// FuzzList: whatever text a target sends in whatever pieces, what comes out is
// valid, bounded, and no shorter than it should be without an error.
func FuzzList(f *testing.F) {
	f.Add([]byte("TargetName=iqn.2026-11.com.example:a\x00TargetAddress=192.0.2.1:3260,1\x00"), uint8(10))
	f.Add([]byte("TargetName=x\x00TargetAddress=\x00TargetAlias=\xff\x00TargetName=eui.02004567A425678D\x00"), uint8(1))
	f.Add([]byte("TargetAddress=192.0.2.1\x00"), uint8(3))
	f.Add([]byte("TargetName=iqn.2026-11.a:b\x00TargetName=IQN.2026-11.A:b\x00TargetAddress=[fe80::1],1\x00"), uint8(200))
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		const most = 8
		var targets []Target
		w := &warnings{}
		l := list{warnings: w, session: netip.MustParseAddrPort("[fe80::9%eth0]:3260"), max: most, emit: func(found *Target, _ bool) error {
			target := *found
			target.Addresses = slices.Clone(target.Addresses)
			targets = append(targets, target)
			return nil
		}}
		names, err := 0, walk(text, int(size)+1, l.pair)
		if err == nil {
			err = l.flush()
		}
		for p, err := range pdu.Text(text).Pairs() {
			if err == nil && string(p.Key) == pdu.KeyTargetName && badName(string(p.Value)) == "" {
				names++
			}
		}
		var limit *LimitError
		if err == nil && names > 0 && len(targets) == 0 && len(w.kept) == 0 || len(targets) > most || len(targets) > names {
			t.Errorf("%d names, %d targets, warnings %v, error %v", names, len(targets), w.kept, err)
		}
		if errors.As(err, &limit) && len(targets) != most && limit.What == "targets" {
			t.Errorf("%d targets before %v", len(targets), err)
		}
		judgeTargets(t, targets)
		for _, w := range w.all() {
			if !printable(strings.ReplaceAll(w.Message, "…", "")) {
				t.Errorf("warning %q", w.Message)
			}
		}
	})
}

// walk hands on the pairs of a text that comes in pieces.
func walk(text []byte, size int, yield func(pdu.Pair) error) error {
	var j pdu.Joiner
	for off := 0; off < len(text); off += size {
		for p, err := range j.Add(text[off:min(off+size, len(text))]) {
			if err == nil {
				err = yield(p)
			}
			if err != nil {
				return err
			}
		}
	}
	return j.Close()
}

func judgeTargets(t *testing.T, targets []Target) {
	t.Helper()
	for _, target := range targets {
		if badName(target.Name) != "" || !utf8.ValidString(target.Alias) || len(target.Alias) > maxAliasLen ||
			len(target.Addresses) == 0 || len(target.Addresses) > maxAddresses {
			t.Errorf("target %+v", target)
		}
		for _, a := range target.Addresses {
			if !printable(a.Host) || a.Port == 0 || a.Group < NoGroup || a.Group > 65535 {
				t.Errorf("address %+v", a)
			}
		}
	}
}

// printable reports a line of nothing but ASCII that can be seen.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
