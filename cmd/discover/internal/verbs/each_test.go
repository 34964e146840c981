package verbs

import (
	"context"
	"io"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"unsafe"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// twoWays is a network in which eth0 sees more than eth1.
func twoWays(t *testing.T) *lab {
	l := newLab(t)
	fewer := twoTargets()
	fewer.Records = fewer.Records[:1]
	l.Portal("192.0.2.10:3260", twoTargets(), fewer)
	l.Portal("[2001:db8::10]:3260", twoTargets())
	l.Portal("192.0.2.20:3260", &iscsitest.Target{}, &iscsitest.Target{User: "u", Secret: "secret-secret12"})
	l.names["storage.example"] = []string{"192.0.2.10", "2001:db8::10"}
	return l
}

func (l *lab) scanEach(t *testing.T, args ...string) ran {
	return l.discover(t.Context(), append([]string{"scan", "--initiator-port", "each", "--parallel", "1", "--registry", filepath.Join(t.TempDir(), "none")}, args...)...)
}

// People see a matrix: which port sees which targets.
func TestMatrix(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		twoWays(t).scanEach(t, "192.0.2.10", "192.0.2.20", "192.0.2.11", "storage.example").want(t, exit.Partly, `
192.0.2.10:3260:
  PORT    INTERFACE  SOURCE
  host/0  eth0       192.0.2.254  2 targets
  host/2  eth1       192.0.2.253  1 target
  TARGET                            host/0  host/2
  iqn.2026-11.com.example:disk1     yes     yes
  iqn.2026-11.com.example:disk-two  yes     no
192.0.2.20:3260:
  PORT    INTERFACE  SOURCE
  host/0  eth0       192.0.2.254  no targets
  host/2  eth1       192.0.2.253  failed
192.0.2.11:3260:
  PORT    INTERFACE  SOURCE
  host/0  eth0       192.0.2.254  refused
  host/2  eth1       192.0.2.253  refused
storage.example:3260:
  PORT    INTERFACE  SOURCE        ADDRESS
  host/0  eth0       192.0.2.254   192.0.2.10:3260      1 target
  host/2  eth1       192.0.2.253   192.0.2.10:3260      1 target
  host/1  eth0       2001:db8::fe  [2001:db8::10]:3260  2 targets
  TARGET                            host/0  host/2  host/1
  iqn.2026-11.com.example:disk1     yes     yes     yes
  iqn.2026-11.com.example:disk-two  no      no      yes
`[1:], `
discover: login to 192.0.2.20:3260 from 192.0.2.253: target refused: authentication failure (0x0201); the portal wants CHAP for discovery: give a CHAP name and secret (--chap-user, --chap-secret)
discover: connect to 192.0.2.11:3260 from 192.0.2.254: connection refused; nothing listens there: check the address and the TCP port
discover: connect to 192.0.2.11:3260 from 192.0.2.253: connection refused; nothing listens there: check the address and the TCP port
`[1:])
	})
}

// Programs see a result for each port, and in a stream with each target from
// where it was seen.
func TestEachForPrograms(t *testing.T) {
	t.Parallel()
	const (
		name  = `"initiator_name":"iqn.2026-11.io.github.go-iscsi:host1.example.com"`
		disk1 = `"name":"iqn.2026-11.com.example:disk1","alias":"","addresses":[{"address":"192.0.2.10","port":3260,"group":1},{"address":"2001:db8::10","port":3260,"group":1}]`
		disk2 = `"name":"iqn.2026-11.com.example:disk-two","alias":"","addresses":[{"address":"192.0.2.10","port":3260,"group":null}]`
		begin = `"portal":"192.0.2.10:3260","address":"192.0.2.10:3260","instance":"","initiator_port":"each","instance_used":"host",`
		from0 = `"initiator_port_used":"0",` + name + `,"source":"192.0.2.254","interface":"eth0","stored":false,"status":"ok","code":0,"code_name":"ISDSC_SUCCESS",`
		from2 = `"initiator_port_used":"2",` + name + `,"source":"192.0.2.253","interface":"eth1","stored":false,"status":"ok","code":0,"code_name":"ISDSC_SUCCESS",`
		end   = `"complete":true,"warnings":[],"redirects":[],"ipsec":{"plan":"none","origin":"default","existing":"unknown"},"auth":{"method":"none"},` + noTime
	)
	synctest.Test(t, func(t *testing.T) {
		twoWays(t).scanEach(t, "192.0.2.10", "-o", "json").want(t, exit.OK, `{"version":1,"results":[`+"\n"+
			`{`+begin+from0+`"targets":[{`+disk1+`},{`+disk2+`}],`+end+"},\n"+
			`{`+begin+from2+`"targets":[{`+disk1+`}],`+end+"}\n]}\n", "")
	})
	synctest.Test(t, func(t *testing.T) {
		const by = `{"type":"target","portal":"192.0.2.10:3260","instance_used":"host",`
		const by0 = by + `"initiator_port_used":"0","source":"192.0.2.254","interface":"eth0",`
		const by2 = by + `"initiator_port_used":"2","source":"192.0.2.253","interface":"eth1",`
		twoWays(t).scanEach(t, "192.0.2.10", "-o", "jsonl").want(t, exit.OK,
			by0+disk1+"}\n"+by0+disk2+"}\n"+`{"type":"portal",`+begin+from0+end+`,"targets_found":2}`+"\n"+
				by2+disk1+"}\n"+`{"type":"portal",`+begin+from2+end+`,"targets_found":1}`+"\n", "")
	})
	synctest.Test(t, func(t *testing.T) {
		twoWays(t).scanEach(t, "192.0.2.10", "-o", "iscsiadm").want(t, exit.OK, `
192.0.2.10:3260,1 iqn.2026-11.com.example:disk1
[2001:db8::10]:3260,1 iqn.2026-11.com.example:disk1
192.0.2.10:3260,-1 iqn.2026-11.com.example:disk-two
`[1:], "")
	})
}

// A port that no packets go out from is not tried, and where there is none at
// all the portal fails.
func TestEachWithoutRoute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := twoWays(t)
		l.unrouted = []string{"192.0.2.254"}
		r := l.scanEach(t, "192.0.2.10")
		if r.status != exit.OK || strings.Contains(r.stdout, "host/0") || !strings.Contains(r.stdout, "host/2") {
			t.Errorf("got %+v", r)
		}
		l.unrouted = []string{"192.0.2.254", "192.0.2.253"}
		l.addresses = l.addresses[2:]
		l.scanEach(t, "192.0.2.10", "--instance", "HOST").want(t, exit.Failed, "",
			"discover: select a port to 192.0.2.10:3260: initiator port of instance host: none has a route to 192.0.2.10\n")
		l.scanEach(t, "192.0.2.10", "--instance", "san").want(t, exit.Failed, "",
			"discover: portal 192.0.2.10:3260: initiator instance \"san\": it does not exist\n")
		l.scanEach(t, "nowhere.example").want(t, exit.Failed, "",
			"discover: resolve nowhere.example:3260: no such host\n")
	})
}

// An address of a block counts once, however many ports it was asked from.
func TestEachOfBlock(t *testing.T) {
	t.Parallel()
	for _, format := range render.Formats {
		synctest.Test(t, func(t *testing.T) {
			r := twoWays(t).scanEach(t, "-o", format, "192.0.2.9-192.0.2.20")
			if r.status != exit.Partly { // one port of 192.0.2.20 was refused
				t.Errorf("-o %s: got exit status %d", format, r.status)
			}
			const people = "discover: 192.0.2.9-192.0.2.20: 2 of 12 addresses answered, 10 refused the connection\n"
			const programs = `"addresses":12,"answered":2,"failed":0,"silent":10,"interrupted":0,"not_asked":0,"silent_why":{"connection refused":10},"iscsi_failed_why":{},"not_iscsi_why":{}}`
			if !strings.Contains(r.stdout, programs) && !strings.HasSuffix(r.stderr, people) {
				t.Errorf("-o %s: got %s%s", format, r.stdout, r.stderr)
			}
			if strings.Contains(r.stdout, "192.0.2.11") {
				t.Errorf("-o %s: a silent address is listed: %s", format, r.stdout)
			}
		})
	}
}

// Who interrupts it is told what was not done.
func TestCancelEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := twoWays(t)
		l.Portal("192.0.2.30:3260") // hangs
		ctx, cancel := context.WithTimeout(t.Context(), 1e9)
		defer cancel()
		registry := filepath.Join(t.TempDir(), "none")
		r := l.discover(ctx, "scan", "--initiator-port", "each", "--parallel", "1", "--registry", registry, "-o", "json", "192.0.2.10", "192.0.2.30", "192.0.2.20")
		if got := strings.Count(r.stdout, `"code_name":"ERROR_CANCELLED"`); got != 3 || r.status != exit.Partly || strings.Count(r.stdout, `"portal":`) != 5 {
			t.Errorf("got %d cancelled results, want 3: two of 192.0.2.30, one of 192.0.2.20; %s", got, r.stdout)
		}
	})
}

// TestCancelEachOfBlock: an address of a block that was not asked from all ports counts as
// what came of it, and is listed only if it answered or with --all.
func TestCancelEachOfBlock(t *testing.T) {
	t.Parallel()
	for _, format := range render.Formats {
		for _, tt := range []struct {
			all, people, programs string
			listed                int // results with cancelled ones
		}{
			{"", "0 of 5 addresses answered, 1 refused the connection, 1 without a result when interrupted, 3 not asked\n", `"silent":1,"interrupted":1,"not_asked":3,`, 0},
			{"--all", "", `"silent":1,"interrupted":1,"not_asked":3,`, 5},
		} {
			synctest.Test(t, func(t *testing.T) {
				l := twoWays(t)
				l.Portal("192.0.2.30:3260") // hangs
				ctx, cancel := context.WithTimeout(t.Context(), 1e9)
				defer cancel()
				args := []string{"scan", "--initiator-port", "each", "--parallel", "1", "--connecting", "1", "--registry", filepath.Join(t.TempDir(), "none"), "-o", format, "192.0.2.29-192.0.2.33"}
				if tt.all != "" {
					args = append(args, tt.all)
				}
				r := l.discover(ctx, args...)
				if format == render.FormatJSON || format == render.FormatJSONL {
					if got := strings.Count(r.stdout, "ERROR_CANCELLED"); got != tt.listed || !strings.Contains(r.stdout, tt.programs) {
						t.Errorf("-o %s %s: %d cancelled results are listed, want %d; %s", format, tt.all, got, tt.listed, r.stdout)
					}
					return
				}
				if !strings.HasSuffix(r.stderr, tt.people) || tt.all == "" && (strings.Count(r.stderr, "\n") != 1 || r.stdout != "") {
					t.Errorf("-o %s %s: got %s%s", format, tt.all, r.stdout, r.stderr)
				}
			})
		}
	}
}

// TestEachForgets (issue 13, 39): nothing is kept of a session whose result is out,
// however many there are, and little of one that waits.
func TestEachForgets(t *testing.T) {
	t.Parallel()
	w := machine.Env{}
	portals, err := sweep.ParsePortals([]string{"10.0.0.0/20"}, 3260, &w)
	if err != nil {
		t.Fatal(err)
	}
	selector := &ports.Selector{Route: func(_ context.Context, source, _ netip.Addr) (netip.Addr, error) { return source, nil }}
	for i, a := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
		selector.Ports = append(selector.Ports, ports.Port{Instance: "host", Number: ports.N(uint32(i)), Address: netip.MustParseAddr(a), State: ports.Up})
	}
	none := func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} }
	s := &scan{command: &command{Command: &app.Command{Env: w}}, portals: portals, sessions: sweep.NewSessions("", selector, &w, none)}
	asked := func(yield func(initiator.SendTargetPortal) bool) {
		for p := range portals.All() {
			if !yield(s.asked(p)) {
				return
			}
		}
	}
	tally := &sweep.Tally{Portals: portals, Sessions: s.sessions}
	out := render.NewMatrixOutput(io.Discard, new(render.Notes), render.AskedAs{}, 1<<20)
	index := 0
	for p := range s.sessions.Record(s.sessions.Expand(t.Context(), asked, none)) {
		r := &initiator.Result{Asked: p, Err: &initiator.Error{Stage: initiator.StageConnect, Err: context.DeadlineExceeded}}
		if err := s.showResult(index, r, out, tally); err != nil {
			t.Fatal(err)
		}
		if index++; len(s.sessions.Begun) != 0 {
			t.Fatalf("after %d results %d sessions are kept", index, len(s.sessions.Begun))
		}
	}
	if index != 3*4094 || tally.Silent != index || tally.Begun != 4094 || portals.Blocks()[0].Number(sweep.Unconnected) != 4094 {
		t.Errorf("%d sessions, %d silent of %d portals", index, tally.Silent, tally.Begun)
	}
	if size := unsafe.Sizeof(sweep.Session{}); size > 256 {
		t.Errorf("a session that waits takes %d bytes, more than 256", size)
	}
}
