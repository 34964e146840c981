package verbs

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/test/iscsitest"
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

// What --family, --within and --reachable show.
func TestAddressFilters(t *testing.T) {
	t.Parallel()
	const (
		v4   = "192.0.2.10:3260,1 iqn.2026-11.com.example:disk1\n"
		v6   = "[2001:db8::10]:3260,1 iqn.2026-11.com.example:disk1\n"
		low  = "192.0.2.20:3260,2 iqn.2026-11.com.example:disk2\n"
		high = "192.0.2.200:3260,2 iqn.2026-11.com.example:disk2\n"
		name = "array.example:3260,3 iqn.2026-11.com.example:disk3\n"
		one  = "discover: warning: 192.0.2.10:3260: 1 target is not shown: no address passes "
		two  = "discover: warning: 192.0.2.10:3260: 2 targets are not shown: no address passes "
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
		r.want(t, exit.OK, tt.stdout, tt.stderr)
	}
}

// A target of which nothing is left is in no format, and counted in each.
func TestFilteredTargets(t *testing.T) {
	t.Parallel()
	for _, format := range render.Formats {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		r := l.discover(t.Context(), "scan", "-o", format, "--family", "6", "192.0.2.10")
		if strings.Contains(r.stdout, "disk-two") || strings.Contains(r.stdout, `"address":"192.0.2.10","port"`) || !strings.Contains(r.stdout, "2001:db8::10") {
			t.Errorf("-o %s: got %s", format, r.stdout)
		}
		if all := r.stdout + r.stderr; strings.Count(all, "1 target is not shown: no address passes --family") != 1 {
			t.Errorf("-o %s: got %s", format, all)
		}
		if format == render.FormatJSONL && !strings.Contains(r.stdout, `"targets_found":2`) {
			t.Errorf("got %s", r.stdout)
		}
	}
}

// An address is rewritten before it is filtered and probed; what leads to another
// address is shown once, and its group stays.
func TestRewriteAddresses(t *testing.T) {
	t.Parallel()
	for _, format := range render.Formats {
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
			case render.FormatTable:
				r.want(t, exit.OK, `
192.0.2.10:3260: 1 target
  iqn.2026-11.com.example:disk1  192.0.2.10:3260,1  reachable
                                 192.0.2.11:3261,2  reachable
                                 192.0.2.99:3260,3  unreachable
`[1:], "")
			case render.FormatISCSIADM:
				r.want(t, exit.OK, `
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
			for _, format := range render.Formats {
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
					if r.status != exit.OK || strings.Contains(r.stdout, "10.0.0.1") || r.stderr != "" {
						t.Errorf("%s: got %+v", format, r)
					}
					reach := ""
					if probe != "" {
						reach = `,"reach":"reachable"`
					}
					switch format {
					case render.FormatISCSIADM:
						w := where.String()
						r.want(t, exit.OK, w+",1 iqn.2026-11.com.example:disk1\n"+w+",-1 iqn.2026-11.com.example:disk2\n"+w+",-1 iqn.2026-11.com.example:disk3\n", "")
					case render.FormatTable:
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
			"discover: warning: 192.0.2.10:3260: 1 target is not shown: no address passes --reachable\n"
		flags := []string{"--reachable", "--rewrite", "192.0.2.253=192.0.2.254"}
		discover(append([]string{"portal", "add", "192.0.2.10"}, flags...)...).want(t, exit.OK, want("stored; "), warnings)
		discover(append([]string{"portal", "refresh"}, flags...)...).want(t, exit.OK, want(""), warnings)
		discover(append([]string{"portal", "refresh", "192.0.2.10"}, flags...)...).want(t, exit.OK, want(""), warnings)
		for _, format := range []string{"json", "jsonl"} {
			r := discover(append([]string{"portal", "refresh", "-o", format}, flags...)...)
			if r.status != exit.OK || strings.Count(r.stdout, `"reach":"reachable"`) != 2 || !strings.Contains(r.stdout, `"code":"filtered"`) {
				t.Errorf("-o %s: got %+v", format, r)
			}
		}
		discover("target", "list", "-o", "iscsiadm").want(t, exit.OK, `
192.0.2.10:3260,1 iqn.2026-11.com.example:disk1
192.0.2.11:3260,2 iqn.2026-11.com.example:disk1
192.0.2.12:3260,3 iqn.2026-11.com.example:disk1
192.0.2.13:3260,4 iqn.2026-11.com.example:disk2
192.0.2.253:3260,5 iqn.2026-11.com.example:disk2
`[1:], "")
		discover("portal", "refresh", "-o", "iscsiadm", "--via-portal").want(t, exit.OK, `
192.0.2.10:3260,-1 iqn.2026-11.com.example:disk1
192.0.2.10:3260,-1 iqn.2026-11.com.example:disk2
`[1:], "")
	})
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
