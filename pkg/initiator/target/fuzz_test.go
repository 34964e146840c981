package target

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/target/targettest"
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
		a, _, reason := ParseAddress(s, 3261)
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
		if again, _, reason := ParseAddress(written, 3261); reason != "" || again != a {
			t.Errorf("got %+v, written as %q, read again as %+v, %q", a, written, again, reason)
		}
		if addr, ok := a.Addr(); ok && addr.Zone() != "" {
			t.Errorf("zone %q", addr.Zone())
		}
	})
}

// listing is what a Parser makes of a text.
type listing struct {
	Targets  []Target
	Implied  []bool
	Warnings []string
	Error    string
	err      error
}

// listOf gives text to a list in pieces, by one of its ways to take them.
func listOf(text []byte, size, most int, take func(l *Parser, t pdu.Text) error) (got listing) {
	l := Parser{session: netip.MustParseAddrPort("[fe80::9%eth0]:3260"), max: most, Warning: func(code, format string, args ...any) {
		got.Warnings = append(got.Warnings, code+": "+fmt.Sprintf(format, args...))
	}}
	collect(&l, 1+size%5, func(t Target, implied bool) {
		got.Targets, got.Implied = append(got.Targets, t), append(got.Implied, implied)
	})
	if got.err = targettest.Walk(text, size, func(t pdu.Text) error { return take(&l, t) }); got.err == nil {
		got.err = l.flush()
	}
	if got.err != nil {
		got.Error = got.err.Error()
	}
	return got
}

// collect lets a Parser fill lists of so many targets, and hands on what is in them when
// they are full, or have the target that ended a run.
func collect(l *Parser, room int, emit func(t Target, implied bool)) {
	var list List
	passed := 0
	l.Into = func() (*List, int) { return &list, room - list.Len() }
	l.Added = func(n int) error {
		for ; n > 0; n-- {
			emit(list.Target(passed), list.Implied(passed))
			passed++
		}
		if passed != list.Len() || passed > room {
			panic(fmt.Sprintf("%d targets in a list of %d, of which %d were added", list.Len(), room, passed))
		}
		if passed == room {
			list.Reset()
			passed = 0
		}
		return nil
	}
}

// pairByPair is list.text without anything that makes it quick.
func pairByPair(l *Parser, t pdu.Text) error {
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
	for _, text := range targettest.Texts {
		f.Add([]byte(text), uint8(255))
	}
	for _, text := range neighbours {
		f.Add([]byte(text), uint8(255))
	}
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		const most = 8
		got := listOf(text, int(size)+1, most, (*Parser).Text)
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
			if !printable(strings.ReplaceAll(w, "…", "")) {
				t.Errorf("warning %q", w)
			}
		}
	})
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
