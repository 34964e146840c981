package initiator

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/text/unicode/norm"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// FuzzTargetAddress: what passes is an address that can be written and read
// again, without anything that could be mistaken for something else.
func FuzzTargetAddress(f *testing.F) {
	for _, s := range []string{
		"192.0.2.1:3260,1", "[2001:db8::1]:3260,1", "[fe80::1%eth0],1", "array.example,65535", "a:1", "[::ffff:1.2.3.4]", "", ",", "[", "]:,",
		"192.0.2.01", "2001:db8::10:3260,1", "fe80::1%x:3261, -1", "0.0.0.0:3260,1", "0x7f.1", "a..b", "[::]]:1", "1.2.3.4:00001,00001",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, _, reason := ParseTargetAddress(s, 3261)
		if reason != "" {
			if !printable(reason) {
				t.Errorf("reason %q", reason)
			}
			return
		}
		if a.Host == "" || len(a.Host) > name.MaxAddressLen || a.Port == 0 || a.Group < NoGroup || a.Group > 65535 {
			t.Fatalf("got %+v", a)
		}
		if !printable(a.Host) || strings.ContainsAny(a.Host, "%[], /\\\"'") {
			t.Errorf("host %q", a.Host)
		}
		written := a.String()
		if a.Group == NoGroup {
			written = strings.TrimSuffix(written, ",-1")
		}
		if again, _, reason := ParseTargetAddress(written, 3261); reason != "" || again != a {
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
		folded := name.Fold(s)
		if utf8.ValidString(s) && name.Fold(folded) != folded {
			t.Errorf("%q folds to %q, and that to %q", s, folded, name.Fold(folded))
		}
		err := name.Validate(s)
		if name.IsPlain([]byte(s)) && (err != nil || name.Fold(s) != s) {
			t.Errorf("%q is taken for a plain name: %v, folded %q", s, err, name.Fold(s))
		}
		if err != nil {
			if !printable(strings.ReplaceAll(err.Error(), "…", "")) {
				t.Errorf("error %q", err)
			}
			return
		}
		if len(s) > name.MaxLen || !utf8.ValidString(s) || !norm.NFKC.IsNormalString(s) {
			t.Errorf("%q passes", s)
		}
		if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsGraphic(r) || r == ' ' || r == '/' || r == ',' }) {
			t.Errorf("%q passes", s)
		}
	})
}

// listing is what a list makes of a text.
type listing struct {
	Targets  []Target
	Implied  []bool
	Warnings []Warning
	Error    string
	err      error
}

// listOf gives text to a list in pieces, by one of its ways to take them.
func listOf(text []byte, size, most int, take func(l *list, t pdu.Text) error) (got listing) {
	w := &warnings{}
	emit := func(found *listed) error {
		target := Target{Name: string(found.name), Alias: string(found.alias), Addresses: slices.Clone(found.addresses)}
		got.Targets, got.Implied = append(got.Targets, target), append(got.Implied, found.implied)
		return nil
	}
	l := list{warnings: w, session: netip.MustParseAddrPort("[fe80::9%eth0]:3260"), max: most, emit: emit, more: func(found *listed, text pdu.Text, names []span) error {
		for _, n := range names {
			one := *found
			one.name = text[n.from:n.to]
			_ = emit(&one)
		}
		return nil
	}}
	if got.err = walk(text, size, func(t pdu.Text) error { return take(&l, t) }); got.err == nil {
		got.err = l.flush()
	}
	if got.err != nil {
		got.Error = got.err.Error()
	}
	got.Warnings = w.all()
	return got
}

// pairByPair is list.text without anything that makes it quick.
func pairByPair(l *list, t pdu.Text) error {
	for p, err := range t.Pairs() {
		if err == nil {
			err = l.pair(p.Key, p.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// FuzzList: whatever text a target sends in whatever pieces, what comes out is
// valid, bounded, no shorter than it should be without an error, and the same as
// where each pair is looked at.
func FuzzList(f *testing.F) {
	f.Add([]byte("TargetName=iqn.2026-11.com.example:a\x00TargetAddress=192.0.2.1:3260,1\x00"), uint8(10))
	f.Add([]byte("TargetName=x\x00TargetAddress=\x00TargetAlias=\xff\x00TargetName=eui.02004567A425678D\x00"), uint8(1))
	f.Add([]byte("TargetAddress=192.0.2.1\x00"), uint8(3))
	f.Add([]byte("TargetName=iqn.2026-11.a:b\x00TargetName=IQN.2026-11.A:b\x00TargetAddress=[fe80::1],1\x00"), uint8(200))
	for _, text := range alikes {
		f.Add([]byte(text), uint8(255))
	}
	for _, text := range neighbours {
		f.Add([]byte(text), uint8(255))
	}
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		const most = 8
		got := listOf(text, int(size)+1, most, (*list).text)
		if diff := cmp.Diff(listOf(text, int(size)+1, most, pairByPair), got, cmpopts.IgnoreUnexported(listing{})); diff != "" {
			t.Errorf("pair by pair and as a text (-want +got):\n%s", diff)
		}
		names := 0
		for p, err := range pdu.Text(text).Pairs() {
			if err == nil && string(p.Key) == pdu.KeyTargetName && name.Harmful(string(p.Value)) == "" {
				names++
			}
		}
		var limit *pdu.LimitError
		if got.err == nil && names > 0 && len(got.Targets) == 0 && len(got.Warnings) == 0 || len(got.Targets) > most || len(got.Targets) > names {
			t.Errorf("%d names, %d targets, warnings %v, error %v", names, len(got.Targets), got.Warnings, got.err)
		}
		if errors.As(got.err, &limit) && len(got.Targets) != most && limit.What == "targets" {
			t.Errorf("%d targets before %v", len(got.Targets), got.err)
		}
		judgeNames(t, text, got)
		judgeTargets(t, got.Targets)
		for _, w := range got.Warnings {
			if !printable(strings.ReplaceAll(w.Message, "…", "")) {
				t.Errorf("warning %q", w.Message)
			}
		}
	})
}

// walk hands on a text that comes in pieces.
func walk(text []byte, size int, yield func(pdu.Text) error) error {
	var j pdu.Joiner
	for off := 0; off < len(text); off += size {
		for whole, err := range j.Add(text[off:min(off+size, len(text))]) {
			if err == nil {
				err = yield(whole)
				if bad := (*pdu.TextError)(nil); errors.As(err, &bad) {
					bad.Offset += j.Offset()
				}
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
		if name.Harmful(target.Name) != "" || !utf8.ValidString(target.Alias) || len(target.Alias) > MaxAliasLen ||
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
