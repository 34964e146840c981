package verbs

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

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
		probe(t, "table").want(t, exit.OK, `
192.0.2.10:3260: 2 targets
  iqn.2026-11.com.example:disk1  192.0.2.10:3260,1   reachable
                                 192.0.2.11:3260,2   reachable
                                 192.0.2.12:3260,3   refused
  iqn.2026-11.com.example:disk2  192.0.2.13:3260,4   unreachable
                                 192.0.2.253:3260,5  not tried
`[1:], warning)
		probe(t, "iscsiadm").want(t, exit.OK, `
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
				if r.status != exit.OK || r.stderr != "" || !strings.Contains(r.stdout, w) {
					t.Errorf("%s: got %+v, want in it %s", format, r, w)
				}
			}
		}
	}
}

// Without a probe nothing is tried, and nothing is said of it.
func TestNoProbe(t *testing.T) {
	t.Parallel()
	for _, format := range render.Formats {
		l := manyWays(t)
		if r := l.discover(t.Context(), "scan", "-o", format, "192.0.2.10"); r.status != exit.OK || strings.Contains(r.stdout, "reach") || len(l.Dials()) != 1 {
			t.Errorf("-o %s: got %+v, dials %v", format, r, l.Dials())
		}
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
	r.want(t, exit.OK, `
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
discover: warning: array.example:3260: 192.0.2.11:3260 was not tried: it cannot be reached from 2001:db8::fe, the given source address
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
		if got := strings.Count(r.stdout, `"reach":"reachable"`); got != 5 || strings.Contains(r.stdout, "refused") || r.status != exit.OK {
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
			"discover: warning: 192.0.2.10:3260: 192.0.2.11:3260 was probed without CHAP: the credentials are only for 192.0.2.10 (--redirect any sends them to other hosts too)\n"},
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
		l.discover(t.Context(), args...).want(t, exit.OK, fmt.Sprintf(`
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

// Many portals with probes: results in their order, each address tried once.
func TestProbeManyPortals(t *testing.T) {
	t.Parallel()
	for _, format := range render.Formats {
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
			if r.status != exit.OK || r.stderr != "" {
				t.Errorf("got %+v", r)
			}
			if got := len(l.Dials()); got != 32 {
				t.Errorf("-o %s: got %d dials", format, got)
			}
			last := 0
			for i := range 30 {
				at := strings.Index(r.stdout, fmt.Sprintf("192.0.2.%d:3260", 100+i))
				if at < last && format != render.FormatJSONL {
					t.Errorf("-o %s: 192.0.2.%d is not in its place", format, 100+i)
				}
				last = at
			}
			if format != render.FormatISCSIADM && strings.Count(r.stdout, "unreachable") != 15 {
				t.Errorf("-o %s: got %s", format, r.stdout)
			}
		})
	}
}

// Who interrupts a scan with probes gets what is there, with what is known.
func TestCancelProbes(t *testing.T) {
	t.Parallel()
	for _, format := range render.Formats {
		synctest.Test(t, func(t *testing.T) {
			l := manyWays(t)
			l.Portal("192.0.2.20:3260") // silent
			ctx, cancel := context.WithTimeout(t.Context(), 1e9)
			defer cancel()
			r := l.discover(ctx, "scan", "-o", format, "--probe", "192.0.2.10", "192.0.2.20")
			if r.status != exit.Partly || !strings.Contains(r.stdout, "disk2") {
				t.Errorf("-o %s: got %+v", format, r)
			}
			if format != render.FormatISCSIADM && !strings.Contains(r.stdout, "not tried") {
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

// brokenPipe fails from the first write on.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// A reader that has left ends a run with probes, and nothing stays behind: the bubble
// ends.
func TestProbeNoReader(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"scan --probe 192.0.2.10 192.0.2.20", "scan --via-portal array.example 192.0.2.20", "portal refresh --probe 192.0.2.10 192.0.2.20"} {
		for _, format := range render.Formats {
			synctest.Test(t, func(t *testing.T) {
				l := manyWays(t)
				l.Portal("192.0.2.20:3260") // silent
				l.names["array.example"] = []string{"192.0.2.10"}
				l.Portal("192.0.2.13:3260", &iscsitest.Target{})
				l.stdout = brokenPipe{}
				start := time.Now()
				r := l.discover(t.Context(), append(strings.Fields(args), "-o", format, "--registry", filepath.Join(t.TempDir(), "registry.db"))...)
				if r.status != exit.Failed {
					t.Errorf("%s -o %s: got %+v", args, format, r)
				}
				if took := time.Since(start); took != 0 && strings.HasPrefix(args, "scan") {
					t.Errorf("%s -o %s: it took %s: portals were asked on", args, format, took)
				}
			})
		}
	}
}

// A long list is whole with probes, and one that never ends is stopped: where it is
// held, and where the output has a bound of its own.
func TestProbeLongList(t *testing.T) {
	t.Parallel()
	for _, format := range []string{render.FormatJSON, render.FormatISCSIADM} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			l.Portal("192.0.2.10:3260", listOf(manyTargets, ordinary))
			r := l.discover(t.Context(), "scan", "-o", format, "--probe", "192.0.2.10")
			if got := strings.Count(r.stdout, ":storage."); got != manyTargets || r.status != exit.OK {
				t.Errorf("-o %s: got %d targets, exit status %d, %.300s", format, got, r.status, r.stderr)
			}
		})
	}
	for args, want := range map[string]string{
		"--probe 192.0.2.10":                     "the most that can be held while their addresses are probed or replaced",
		"--via-portal array.example":             "the most that can be held while their addresses are probed or replaced",
		"--within 192.0.2.0/24 192.0.2.10":       "memory",
		"--rewrite 10.0.0.1=10.0.0.2 192.0.2.10": "memory",
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			l.bounds = smallBounds
			l.names["array.example"] = []string{"192.0.2.10"}
			l.Portal("192.0.2.10:3260", listOf(endless, ordinary))
			r := l.discover(t.Context(), append([]string{"scan", "-o", "json"}, strings.Fields(args)...)...)
			d := parseDocument(t, r.stdout)
			if e := d.Results[0].Error; r.status != exit.Failed || e.Stage != "discover" || !strings.Contains(e.Message, want) || len(d.Results[0].Targets) == 0 {
				t.Errorf("%s: got %+v, %d targets", args, e, len(d.Results[0].Targets))
			}
		})
	}
}
