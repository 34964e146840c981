package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/internal/iscsitest"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// manyWays is a lab with an array that has five addresses: its portal, one that
// answers, one that refuses, one that is silent, and one of this host.
func manyWays(t *testing.T) *lab {
	l := newLab(t)
	l.Portal("192.0.2.10:3260", &iscsitest.Target{Records: []iscsitest.Record{
		{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1", "192.0.2.11:3260,2", "192.0.2.12:3260,3"}},
		{Name: "iqn.2026-11.com.example:disk2", Addresses: []string{"192.0.2.13:3260,4", "192.0.2.253:3260,5"}},
	}})
	l.Portal("192.0.2.11:3260", &iscsitest.Target{})
	l.Portal("192.0.2.13:3260")
	return l
}

const notTriedOwn = "192.0.2.253:3260 was not tried: an address of this host"

// Each format says what a probe found out.
func TestProbeFormats(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"--probe", "--probe=tcp", "--probe=login"} {
		probe := func(t *testing.T, format string) (r ran) {
			synctest.Test(t, func(t *testing.T) {
				r = manyWays(t).discover(t.Context(), "scan", kind, "-o", format, "192.0.2.10")
			})
			return r
		}
		const warning = "discover: warning: 192.0.2.10:3260: " + notTriedOwn + "\n"
		probe(t, "table").want(t, exitOK, `
192.0.2.10:3260: 2 targets
  iqn.2026-11.com.example:disk1  192.0.2.10:3260,1   reachable
                                 192.0.2.11:3260,2   reachable
                                 192.0.2.12:3260,3   refused
  iqn.2026-11.com.example:disk2  192.0.2.13:3260,4   unreachable
                                 192.0.2.253:3260,5  not tried
`[1:], warning)
		probe(t, "iscsiadm").want(t, exitOK, `
192.0.2.10:3260,1 iqn.2026-11.com.example:disk1
192.0.2.11:3260,2 iqn.2026-11.com.example:disk1
192.0.2.12:3260,3 iqn.2026-11.com.example:disk1
192.0.2.13:3260,4 iqn.2026-11.com.example:disk2
192.0.2.253:3260,5 iqn.2026-11.com.example:disk2
`[1:], warning)
		const (
			disk1 = `"name":"iqn.2026-11.com.example:disk1","alias":"","addresses":[{"address":"192.0.2.10","port":3260,"group":1,"reach":"reachable"},` +
				`{"address":"192.0.2.11","port":3260,"group":2,"reach":"reachable"},{"address":"192.0.2.12","port":3260,"group":3,"reach":"refused"}]`
			disk2 = `"name":"iqn.2026-11.com.example:disk2","alias":"","addresses":[{"address":"192.0.2.13","port":3260,"group":4,"reach":"unreachable"},` +
				`{"address":"192.0.2.253","port":3260,"group":5,"reach":"not tried"}]`
			warnings = `"warnings":[{"code":"not-tried","message":"` + notTriedOwn + `"}]`
		)
		for format, want := range map[string][]string{
			"json": {`"targets":[{` + disk1 + `},{` + disk2 + `}],`, warnings},
			"jsonl": {`{"type":"target","portal":"192.0.2.10:3260",` + disk1 + "}\n" + `{"type":"target","portal":"192.0.2.10:3260",` + disk2 + "}\n",
				warnings, `"targets_found":2`},
		} {
			r := probe(t, format)
			for _, w := range want {
				if r.status != exitOK || r.stderr != "" || !strings.Contains(r.stdout, w) {
					t.Errorf("%s: got %+v, want in it %s", format, r, w)
				}
			}
		}
	}
}

// Without a probe nothing is tried, and nothing is said of it.
func TestNoProbe(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		l := manyWays(t)
		if r := l.discover(t.Context(), "scan", "-o", format, "192.0.2.10"); r.status != exitOK || strings.Contains(r.stdout, "reach") || len(l.Dials()) != 1 {
			t.Errorf("-o %s: got %+v, dials %v", format, r, l.Dials())
		}
	}
}

// What --family, --within and --reachable show.
func TestAddressFilters(t *testing.T) {
	t.Parallel()
	const (
		v4   = "192.0.2.10:3260,1 iqn.2026-11.com.example:disk1\n"
		v6   = "[2001:db8::10]:3260,1 iqn.2026-11.com.example:disk1\n"
		low  = "192.0.2.20:3260,2 iqn.2026-11.com.example:disk2\n"
		high = "192.0.2.200:3260,2 iqn.2026-11.com.example:disk2\n"
		name = "array.example:3260,3 iqn.2026-11.com.example:disk3\n"
		one  = "discover: warning: 192.0.2.10:3260: 1 target is not shown: no address is left by "
		two  = "discover: warning: 192.0.2.10:3260: 2 targets are not shown: no address is left by "
	)
	for _, tt := range []struct{ args, stdout, stderr string }{
		{"", v4 + v6 + low + high + name, ""},
		{"--family 4", v4 + low + high, one + "--family\n"},
		{"--family 6", v6, two + "--family\n"},
		{"--within 192.0.2.0/25", v4 + low, one + "--within\n"},
		{"--within 192.0.2.7/25", v4 + low, one + "--within\n"},
		{"--within 192.0.2.20,2001:db8::/64", v6 + low, one + "--within\n"},
		{"--within 192.0.2.128/25 --within [2001:db8::10]", v6 + high, one + "--within\n"},
		{"--within 192.0.2.0/24 --family 4", v4 + low + high, one + "--family, --within\n"},
		{"--within 0.0.0.0/0,::/0", v4 + v6 + low + high, one + "--within\n"},
		{"--reachable --family 4", v4 + low, one + "--family, --reachable\n"},
		{"--reachable --probe=login --family 4", v4, "discover: warning: 192.0.2.10:3260: 192.0.2.20:3260: the login failed: target refused: authentication failure (0x0201)\n" + two + "--family, --reachable\n"},
	} {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", &iscsitest.Target{Records: []iscsitest.Record{
			{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1", "[2001:db8::10]:3260,1"}},
			{Name: "iqn.2026-11.com.example:disk2", Addresses: []string{"192.0.2.20:3260,2", "192.0.2.200:3260,2"}},
			{Name: "iqn.2026-11.com.example:disk3", Addresses: []string{"array.example:3260,3"}},
		}})
		l.Portal("192.0.2.20:3260", &iscsitest.Target{User: "u", Secret: ours})
		r := l.discover(t.Context(), append([]string{"scan", "-o", "iscsiadm", "192.0.2.10"}, strings.Fields(tt.args)...)...)
		r.want(t, exitOK, tt.stdout, tt.stderr)
	}
}

// A target of which nothing is left is in no format, and counted in each.
func TestFilteredTargets(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		r := l.discover(t.Context(), "scan", "-o", format, "--family", "6", "192.0.2.10")
		if strings.Contains(r.stdout, "disk-two") || strings.Contains(r.stdout, `"address":"192.0.2.10","port"`) || !strings.Contains(r.stdout, "2001:db8::10") {
			t.Errorf("-o %s: got %s", format, r.stdout)
		}
		if all := r.stdout + r.stderr; strings.Count(all, "1 target is not shown: no address is left by --family") != 1 {
			t.Errorf("-o %s: got %s", format, all)
		}
		if format == formatJSONL && !strings.Contains(r.stdout, `"targets_found":2`) {
			t.Errorf("got %s", r.stdout)
		}
	}
}

// An address is rewritten before it is filtered and probed; what leads to another
// address is shown once, and its group stays.
func TestRewriteAddresses(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			l.Portal("192.0.2.10:3260", &iscsitest.Target{Records: []iscsitest.Record{
				{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"10.0.0.10:3260,1", "10.0.0.11:3261,2", "10.9.0.11:3260,3", "192.0.2.11:3261,2"}},
			}})
			l.Portal("192.0.2.11:3261", &iscsitest.Target{})
			l.Portal("192.0.2.99:3260") // silent
			r := l.discover(t.Context(), "scan", "-o", format, "--probe", "--within", "192.0.2.0/24", "192.0.2.10",
				"--rewrite", "10.0.0.0/24=192.0.2.0/24", "--rewrite", "10.0.0.10=192.0.2.99", "--rewrite", "10.9.0.11=192.0.2.99")
			for _, portal := range l.Dials() {
				if strings.HasPrefix(portal.Portal.String(), "10.") {
					t.Errorf("tried %s", portal.Portal)
				}
			}
			if len(l.Dials()) != 3 {
				t.Errorf("dials %v", l.Dials())
			}
			switch format {
			case formatTable:
				r.want(t, exitOK, `
192.0.2.10:3260: 1 target
  iqn.2026-11.com.example:disk1  192.0.2.10:3260,1  reachable
                                 192.0.2.11:3261,2  reachable
                                 192.0.2.99:3260,3  unreachable
`[1:], "")
			case formatISCSIADM:
				r.want(t, exitOK, `
192.0.2.10:3260,1 iqn.2026-11.com.example:disk1
192.0.2.11:3261,2 iqn.2026-11.com.example:disk1
192.0.2.99:3260,3 iqn.2026-11.com.example:disk1
`[1:], "")
			default:
				const want = `"addresses":[{"address":"192.0.2.10","port":3260,"group":1,"reach":"reachable"},{"address":"192.0.2.11","port":3261,"group":2,"reach":"reachable"},` +
					`{"address":"192.0.2.99","port":3260,"group":3,"reach":"unreachable"}]`
				if !strings.Contains(r.stdout, want) || !strings.Contains(r.stdout, `"warnings":[]`) {
					t.Errorf("-o %s: got %s", format, r.stdout)
				}
			}
		})
	}
}

// With --via-portal the portal that was asked is the address of each target, also
// where it was asked by name, or sent the login on.
func TestViaPortal(t *testing.T) {
	t.Parallel()
	show := &iscsitest.Target{Records: []iscsitest.Record{
		{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"10.0.0.10:3260,1", "10.0.0.11:3260,1"}},
		{Name: "iqn.2026-11.com.example:disk2", Addresses: []string{"10.0.0.10:3260,1", "10.0.0.11:3260,2"}},
		{Name: "iqn.2026-11.com.example:disk3"},
	}}
	for _, portal := range []string{"192.0.2.10:3261", "array.example:3261", "192.0.2.20:3261", "sends.example:3261", "[fd00::20]:3261"} {
		for _, probe := range []string{"", "--probe"} {
			for _, format := range formats {
				synctest.Test(t, func(t *testing.T) {
					l := newLab(t)
					l.names["array.example"], l.names["sends.example"] = []string{"192.0.2.10"}, []string{"192.0.2.20"}
					l.Portal("192.0.2.10:3261", show)
					l.Portal("192.0.2.20:3261", &iscsitest.Target{Redirect: "192.0.2.10:3261"})
					l.Portal("[fd00::20]:3261", &iscsitest.Target{Redirect: "192.0.2.10:3261"})
					args := []string{"scan", "--via-portal", "-o", format, portal}
					if probe != "" {
						args = append(args, probe)
					}
					r := l.discover(t.Context(), args...)
					where, _ := netip.ParseAddrPort(strings.NewReplacer("array.example", "192.0.2.10", "sends.example", "192.0.2.20").Replace(portal))
					if r.status != exitOK || strings.Contains(r.stdout, "10.0.0.1") || r.stderr != "" {
						t.Errorf("%s: got %+v", format, r)
					}
					reach := ""
					if probe != "" {
						reach = `,"reach":"reachable"`
					}
					switch format {
					case formatISCSIADM:
						w := where.String()
						r.want(t, exitOK, w+",1 iqn.2026-11.com.example:disk1\n"+w+",-1 iqn.2026-11.com.example:disk2\n"+w+",-1 iqn.2026-11.com.example:disk3\n", "")
					case formatTable:
						if got := strings.Count(r.stdout, "  "+where.String()); got != 3 {
							t.Errorf("got %s", r.stdout)
						}
					default:
						for name, group := range map[string]string{"disk1": "1", "disk2": "null", "disk3": "null"} {
							want := fmt.Sprintf(`:%s","alias":"","addresses":[{"address":"%s","port":3261,"group":%s%s}]}`, name, where.Addr(), group, reach)
							if !strings.Contains(r.stdout, want) {
								t.Errorf("%s: got %s, want in it %s", format, r.stdout, want)
							}
						}
					}
				})
			}
		}
	}
}

// A note where no target is where the targets were asked, once for each portal and in
// each format; none where one may be, or the user has said what leads where.
func TestAdvertisedElsewhere(t *testing.T) {
	t.Parallel()
	const here = "192.0.2.10:3260,1"
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf("10.0.0.%d:3260,1", i+1))
	}
	for _, tt := range []struct {
		name      string
		portal    string     // empty: the usual one
		addresses [][]string // of the targets; nil: none
		args      string
		want      string // what they advertise; empty: no note
		shown     bool   // the note says that they are shown elsewhere
	}{
		{name: "one", addresses: [][]string{{"10.0.0.5:3260,1"}}, want: "10.0.0.5:3260"},
		{name: "two", addresses: [][]string{{"10.0.0.5:3260,1"}, {"10.0.0.6:3260,1", "10.0.0.5:3261,1"}}, want: "10.0.0.5:3260 and 1 other address"},
		{name: "several", addresses: [][]string{{"[fd00::5]:3260,1", "10.0.0.5:3260,1"}, {"10.0.0.6:3260,1"}}, want: "[fd00::5]:3260 and 2 other addresses"},
		{name: "the portal", addresses: [][]string{{here}}},
		{name: "another port of it", addresses: [][]string{{"192.0.2.10:3261,1"}}},
		{name: "the portal, later", addresses: [][]string{{"10.0.0.5:3260,1"}, {"10.0.0.6:3260,1", here}}},
		{name: "no address", addresses: [][]string{{}}},
		{name: "a name", addresses: [][]string{{"10.0.0.5:3260,1", "array.example:3260,1"}}},
		{name: "no targets"},
		{name: "too many to tell", addresses: [][]string{many}},
		{name: "filtered", addresses: [][]string{{"10.0.0.5:3260,1"}}, args: "--within 10.0.0.0/8", want: "10.0.0.5:3260"},
		{name: "probed", addresses: [][]string{{"10.0.0.5:3260,1"}}, args: "--probe", want: "10.0.0.5:3260"},
		{name: "rewritten", addresses: [][]string{{"10.0.0.5:3260,1"}}, args: "--rewrite 10.0.0.9=192.0.2.9"},
		{name: "by the portal", addresses: [][]string{{"10.0.0.5:3260,1"}}, args: "--via-portal", want: "10.0.0.5:3260", shown: true},
		{name: "by the portal, which it is", addresses: [][]string{{here}}, args: "--via-portal"},
		{name: "on loopback", portal: "127.0.0.1:3260", addresses: [][]string{{"10.0.0.5:3260,1"}}},
		{name: "on loopback, probed", portal: "127.0.0.1:3260", addresses: [][]string{{"10.0.0.5:3260,1"}}, args: "--probe", want: "10.0.0.5:3260"},
		{name: "on loopback, by the portal", portal: "127.0.0.1:3260", addresses: [][]string{{"10.0.0.5:3260,1"}}, args: "--via-portal", want: "10.0.0.5:3260", shown: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, format := range formats {
				l := newLab(t)
				show := &iscsitest.Target{MaxText: 60}
				for i, addresses := range tt.addresses {
					show.Records = append(show.Records, iscsitest.Record{Name: fmt.Sprintf("iqn.2026-11.com.example:disk%d", i), Addresses: addresses})
				}
				portal := cmp.Or(tt.portal, "192.0.2.10:3260")
				l.Portal(portal, show)
				r := l.discover(t.Context(), append([]string{"scan", "-o", format, portal, portal}, strings.Fields(tt.args)...)...)
				text := "the targets advertise " + tt.want + ", and not " + portal + ", where they were asked: where that is for NAT, see --rewrite and --via-portal"
				if tt.shown {
					text = "the targets advertise " + tt.want + ", and are shown at " + portal + ", where they were asked"
				}
				code := `{"code":"advertised-elsewhere","message":"`
				want := strings.Repeat("discover: warning: "+portal+": "+text+"\n", 2)
				if tt.want == "" {
					want = ""
				}
				switch {
				case format == formatTable || format == formatISCSIADM:
					if r.stderr != want {
						t.Errorf("-o %s: got %s, want %s", format, r.stderr, want)
					}
				case strings.Count(r.stdout, code) != strings.Count(want, "\n") || strings.Count(r.stdout, code+text) != strings.Count(want, "\n"):
					t.Errorf("-o %s: got %s, want %s", format, r.stdout, text)
				}
			}
		})
	}
}

// No note where the portal sent the login on to where the targets are, nor where the
// answer was cut short.
func TestAdvertisedElsewhereUnknown(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Portal("192.0.2.20:3260", &iscsitest.Target{Redirect: "192.0.2.10:3260"})
	l.Portal("192.0.2.10:3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.20:3261,1"}}}})
	l.names["sends.example"] = []string{"192.0.2.20"}
	for _, portal := range []string{"192.0.2.20", "sends.example"} {
		l.discover(t.Context(), "scan", "-o", "iscsiadm", portal).want(t, exitOK, "192.0.2.20:3261,1 iqn.2026-11.com.example:disk1\n", "")
	}
	l.Portal("192.0.2.30:3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1"}}}})
	l.names["array.example"] = []string{"192.0.2.30"}
	r := l.discover(t.Context(), "scan", "--max-text", "20", "192.0.2.30")
	if strings.Contains(r.stderr, "where they were asked") {
		t.Errorf("got %+v", r)
	}
	r = l.discover(t.Context(), "scan", "array.example")
	if !strings.Contains(r.stderr, "the targets advertise 192.0.2.10:3260, and not 192.0.2.30:3260, where they were asked") {
		t.Errorf("got %+v", r)
	}
}

// From each port the addresses are tried anew, from that port; people see a matrix.
func TestProbeEach(t *testing.T) {
	t.Parallel()
	each := func(t *testing.T, args ...string) (r ran, dials []iscsitest.Dial) {
		synctest.Test(t, func(t *testing.T) {
			l := manyWays(t)
			l.Portal("[2001:db8::10]:3260", &iscsitest.Target{Records: []iscsitest.Record{
				{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.11:3260,2", "[2001:db8::11]:3260,2", "[2001:db8::10]:3260,2"}},
			}})
			l.names["array.example"] = []string{"192.0.2.10", "2001:db8::10"}
			r, dials = l.scanEach(t, append(args, "--probe", "array.example")...), l.Dials()
		})
		return r, dials
	}
	r, dials := each(t)
	r.want(t, exitOK, `
array.example:3260:
  PORT    INTERFACE  SOURCE        ADDRESS
  host/0  eth0       192.0.2.254   192.0.2.10:3260      2 targets
  host/2  eth1       192.0.2.253   192.0.2.10:3260      2 targets
  host/1  eth0       2001:db8::fe  [2001:db8::10]:3260  1 target
  TARGET                         host/0  host/2  host/1
  iqn.2026-11.com.example:disk1  yes     yes     yes
  iqn.2026-11.com.example:disk2  yes     yes     no
  ADDRESS                host/0       host/2       host/1
  192.0.2.10:3260,1      reachable    reachable    -
  192.0.2.11:3260,2      reachable    reachable    not tried
  192.0.2.12:3260,3      refused      refused      -
  192.0.2.13:3260,4      unreachable  unreachable  -
  192.0.2.253:3260,5     not tried    not tried    -
  [2001:db8::11]:3260,2  -            -            refused
  [2001:db8::10]:3260,2  -            -            reachable
`[1:], `
discover: warning: array.example:3260: `[1:]+notTriedOwn+`
discover: warning: array.example:3260: `+notTriedOwn+`
discover: warning: array.example:3260: 192.0.2.11:3260 was not tried: it cannot be reached from 2001:db8::fe, the source that was asked for
`)
	from := make(map[string][]string)
	for _, d := range dials {
		from[d.Source.String()] = append(from[d.Source.String()], d.Portal.String())
	}
	for source, want := range map[string][]string{
		"192.0.2.254":  {"192.0.2.10:3260", "192.0.2.11:3260", "192.0.2.12:3260", "192.0.2.13:3260"},
		"192.0.2.253":  {"192.0.2.10:3260", "192.0.2.11:3260", "192.0.2.12:3260", "192.0.2.13:3260"},
		"2001:db8::fe": {"[2001:db8::10]:3260", "[2001:db8::11]:3260"},
	} {
		slices.Sort(from[source])
		if !slices.Equal(from[source], want) {
			t.Errorf("from %s: got %v, want %v", source, from[source], want)
		}
	}
	for _, format := range []string{"json", "jsonl"} {
		r, _ := each(t, "-o", format, "--reachable")
		if got := strings.Count(r.stdout, `"reach":"reachable"`); got != 5 || strings.Contains(r.stdout, "refused") || r.status != exitOK {
			t.Errorf("-o %s: got %+v", format, r)
		}
	}
	r, _ = each(t, "-o", "iscsiadm", "--reachable")
	if want := `
192.0.2.10:3260,1 iqn.2026-11.com.example:disk1
192.0.2.11:3260,2 iqn.2026-11.com.example:disk1
[2001:db8::10]:3260,2 iqn.2026-11.com.example:disk1
`[1:]; r.stdout != want {
		t.Errorf("got %s", r.stdout)
	}
}

// Credentials go to the portal that was asked, and elsewhere only with --redirect any.
func TestProbeSecrets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, reach, stderr string }{
		{"", "unreachable", "discover: warning: 192.0.2.10:3260: 192.0.2.11:3260: the login failed: target refused: authentication failure (0x0201)\n" +
			"discover: warning: 192.0.2.10:3260: 192.0.2.11:3260 was probed without CHAP: the credentials stay with 192.0.2.10 (--redirect any lets them go along)\n"},
		{"--redirect any", "reachable", ""},
	} {
		l := newLab(t)
		l.env["SECRET"] = ours
		addresses := []string{"192.0.2.10:3260,1", "192.0.2.10:3261,1", "192.0.2.11:3260,1"}
		l.Portal("192.0.2.10:3260", &iscsitest.Target{User: "u", Secret: ours, Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: addresses}}})
		l.Portal("192.0.2.10:3261", &iscsitest.Target{User: "u", Secret: ours})
		other := l.Portal("192.0.2.11:3260", &iscsitest.Target{User: "u", Secret: ours})
		args := append([]string{"scan", "--probe=login", "--chap-user", "u", "--chap-secret", "env:SECRET", "192.0.2.10"}, strings.Fields(tt.args)...)
		width := len("unreachable")
		if tt.reach == "reachable" {
			width = len("reachable")
		}
		l.discover(t.Context(), args...).want(t, exitOK, fmt.Sprintf(`
192.0.2.10:3260: 1 target
  CHAP with SHA3-256
  iqn.2026-11.com.example:disk1  192.0.2.10:3260,1  reachable
                                 192.0.2.10:3261,1  reachable
                                 192.0.2.11:3260,1  %-*s
`[1:], width, tt.reach), tt.stderr)
		if _, sent := l.Sessions(other)[0].Key("CHAP_N"); sent != (tt.args != "") {
			t.Errorf("%s: credentials sent to another host: %t", tt.args, sent)
		}
	}
}

// What portal add and portal refresh show is filtered, rewritten and probed; what
// they store is what the target advertises.
func TestAddressesOfRegistry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := manyWays(t)
		discover := l.inRegistry(t)
		const shown = `
192.0.2.10:3260: STORED1 target
  iqn.2026-11.com.example:disk1  192.0.2.10:3260,1  reachable
                                 192.0.2.11:3260,9  reachable
`
		want := func(stored string) string {
			return strings.Replace(strings.Replace(shown[1:], "STORED", stored, 1), ",9", ",2", 1)
		}
		const warnings = "discover: warning: 192.0.2.10:3260: 192.0.2.254:3260 was not tried: an address of this host\n" +
			"discover: warning: 192.0.2.10:3260: 1 target is not shown: no address is left by --reachable\n"
		flags := []string{"--reachable", "--rewrite", "192.0.2.253=192.0.2.254"}
		discover(append([]string{"portal", "add", "192.0.2.10"}, flags...)...).want(t, exitOK, want("stored; "), warnings)
		discover(append([]string{"portal", "refresh"}, flags...)...).want(t, exitOK, want(""), warnings)
		discover(append([]string{"portal", "refresh", "192.0.2.10"}, flags...)...).want(t, exitOK, want(""), warnings)
		for _, format := range []string{"json", "jsonl"} {
			r := discover(append([]string{"portal", "refresh", "-o", format}, flags...)...)
			if r.status != exitOK || strings.Count(r.stdout, `"reach":"reachable"`) != 2 || !strings.Contains(r.stdout, `"code":"filtered"`) {
				t.Errorf("-o %s: got %+v", format, r)
			}
		}
		discover("target", "list", "-o", "iscsiadm").want(t, exitOK, `
192.0.2.10:3260,1 iqn.2026-11.com.example:disk1
192.0.2.11:3260,2 iqn.2026-11.com.example:disk1
192.0.2.12:3260,3 iqn.2026-11.com.example:disk1
192.0.2.13:3260,4 iqn.2026-11.com.example:disk2
192.0.2.253:3260,5 iqn.2026-11.com.example:disk2
`[1:], "")
		discover("portal", "refresh", "-o", "iscsiadm", "--via-portal").want(t, exitOK, `
192.0.2.10:3260,-1 iqn.2026-11.com.example:disk1
192.0.2.10:3260,-1 iqn.2026-11.com.example:disk2
`[1:], "")
	})
}

// Many portals with probes: results in their order, each address tried once.
func TestProbeManyPortals(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			l.Portal("192.0.2.99:3260") // silent
			l.Portal("192.0.2.98:3260", &iscsitest.Target{})
			args := []string{"scan", "-o", format, "--probe"}
			for i := range 30 {
				host := fmt.Sprintf("192.0.2.%d", 100+i)
				args = append(args, host)
				third := "192.0.2.98:3260,1"
				if i%2 == 0 {
					third = "192.0.2.99:3260,1"
				}
				l.Portal(host+":3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{host + ":3260,1", third}}}})
			}
			r := l.discover(t.Context(), args...)
			if r.status != exitOK || r.stderr != "" {
				t.Errorf("got %+v", r)
			}
			if got := len(l.Dials()); got != 32 {
				t.Errorf("-o %s: got %d dials", format, got)
			}
			last := 0
			for i := range 30 {
				at := strings.Index(r.stdout, fmt.Sprintf("192.0.2.%d:3260", 100+i))
				if at < last && format != formatJSONL {
					t.Errorf("-o %s: 192.0.2.%d is not in its place", format, 100+i)
				}
				last = at
			}
			if format != formatISCSIADM && strings.Count(r.stdout, "unreachable") != 15 {
				t.Errorf("-o %s: got %s", format, r.stdout)
			}
		})
	}
}

// Who interrupts a scan with probes gets what is there, with what is known.
func TestCancelProbes(t *testing.T) {
	t.Parallel()
	for _, format := range formats {
		synctest.Test(t, func(t *testing.T) {
			l := manyWays(t)
			l.Portal("192.0.2.20:3260") // silent
			ctx, cancel := context.WithTimeout(t.Context(), 1e9)
			defer cancel()
			r := l.discover(ctx, "scan", "-o", format, "--probe", "192.0.2.10", "192.0.2.20")
			if r.status != exitPartly || !strings.Contains(r.stdout, "disk2") {
				t.Errorf("-o %s: got %+v", format, r)
			}
			if format != formatISCSIADM && !strings.Contains(r.stdout, "not tried") {
				t.Errorf("-o %s: got %+v", format, r)
			}
		})
	}
}

// As many addresses are tried at once as --parallel says, also where one portal is
// asked.
func TestProbeParallel(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]time.Duration{"": initiator.ProbeTimeout, "--parallel 1": 2 * initiator.ProbeTimeout, "--timeout 2s": 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			l := manyWays(t)
			l.Portal("192.0.2.11:3260") // silent
			start := time.Now()
			l.discover(t.Context(), append(strings.Fields(args), "scan", "--probe", "192.0.2.10")...)
			if took := time.Since(start); took != want {
				t.Errorf("%q: took %s, want %s", args, took, want)
			}
		})
	}
}

// What an address is rewritten to is not unusable, whatever it was.
func TestRewriteUnusable(t *testing.T) {
	t.Parallel()
	r, err := parseRewrite("fe80::5=2001:db8::5")
	if err != nil {
		t.Fatal(err)
	}
	v := &addressView{addressFlags: &addressFlags{rewrites: []rewrite{r}}}
	got := v.places(nil, []initiator.TargetAddress{
		{Host: "fe80::5", Port: 3260, Group: 1, Unusable: initiator.LinkLocalWithoutZone},
		{Host: "fe80::6", Port: 3260, Group: 1, Unusable: initiator.LinkLocalWithoutZone},
	}, netip.AddrPort{})
	want := []initiator.TargetAddress{
		{Host: "2001:db8::5", Port: 3260, Group: 1},
		{Host: "fe80::6", Port: 3260, Group: 1, Unusable: initiator.LinkLocalWithoutZone},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// brokenPipe fails from the first write on.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// A reader that has left ends a run with probes, and nothing stays behind: the bubble
// ends.
func TestProbeNoReader(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"scan --probe 192.0.2.10 192.0.2.20", "scan --via-portal array.example 192.0.2.20", "portal refresh --probe 192.0.2.10 192.0.2.20"} {
		for _, format := range formats {
			synctest.Test(t, func(t *testing.T) {
				l := manyWays(t)
				l.Portal("192.0.2.20:3260") // silent
				l.names["array.example"] = []string{"192.0.2.10"}
				l.Portal("192.0.2.13:3260", &iscsitest.Target{})
				l.stdout = brokenPipe{}
				start := time.Now()
				r := l.discover(t.Context(), append(strings.Fields(args), "-o", format, "--registry", filepath.Join(t.TempDir(), "registry.db"))...)
				if r.status != exitFailed {
					t.Errorf("%s -o %s: got %+v", args, format, r)
				}
				if took := time.Since(start); took != 0 && strings.HasPrefix(args, "scan") {
					t.Errorf("%s -o %s: it took %s: portals were asked on", args, format, took)
				}
			})
		}
	}
}

// What is held has a bound, and a portal that is beyond it fails; the rest of what
// came of it is not shown as if it were all.
func TestHeldBound(t *testing.T) {
	t.Parallel()
	v := &addressView{addressFlags: &addressFlags{viaPortal: true}}
	p := v.portal(initiator.Portal{Address: "array.example", Port: 3260})
	left := 1000
	room := func(n int) bool {
		left -= n
		return left >= 0
	}
	b := &initiator.Batch{}
	b.Add(&initiator.Target{Name: "iqn.2026-11.com.example:disk1", Addresses: []initiator.TargetAddress{{Host: "10.0.0.5", Port: 3260}}})
	for range 10 {
		p.hold(b, room)
	}
	p.hold(&initiator.Batch{Result: &initiator.Result{TargetsFound: 10}}, room)
	var shown int
	var r *initiator.Result
	p.flush(func(b *initiator.Batch) bool {
		shown += b.Len()
		r = b.Result
		return true
	})
	var limit *initiator.LimitError
	if shown != 4 || r == nil || r.TargetsFound != 4 || !errors.As(r.Err, &limit) {
		t.Errorf("shown %d, result %+v", shown, r)
	}
}

// With JSON the addresses of a target are never empty.
func TestAddressesNeverEmpty(t *testing.T) {
	t.Parallel()
	l := manyWays(t)
	r := l.discover(t.Context(), "scan", "-o", "json", "--within", "192.0.2.12", "192.0.2.10")
	var doc struct {
		Results []struct {
			Targets []struct {
				Name      string
				Addresses []struct{ Address string }
			}
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
		t.Fatal(err)
	}
	if targets := doc.Results[0].Targets; len(targets) != 1 || len(targets[0].Addresses) != 1 || targets[0].Addresses[0].Address != "192.0.2.12" {
		t.Errorf("got %s", r.stdout)
	}
}
