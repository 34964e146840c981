package initiator_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// What docs/security.md promises of one portal, whatever it sends.
const (
	mostBytes      = 4 << 20 // of memory, where targets are streamed
	mostGoroutines = 1
	mostOpen       = 1           // connections
	mostLate       = time.Second // after the timeout
)

// A hoarder makes us keep what it sends: response i, without end.
type hoarder struct {
	name    string
	respond func(i int) pdu.PDU

	noTarget bool // it sends text, and nothing that could be a target
}

func hoarders() []hoarder {
	text := func(part func(i int) string) func(i int) pdu.PDU {
		return func(i int) pdu.PDU { return &pdu.TextResponse{TTT: uint32(i), Data: pdu.Text(part(i))} }
	}
	fill := func(pair func(i int) string) func(i int) pdu.PDU {
		n := 0
		return text(func(int) string {
			var b strings.Builder
			for b.Len() < 240<<10 {
				b.WriteString(pair(n))
				b.WriteByte(0)
				n++
			}
			return b.String()
		})
	}
	long := strings.Repeat("a", 63) + "." + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + "." + strings.Repeat("d", 55)
	return []hoarder{
		{name: "many targets", respond: fill(func(i int) string { return fmt.Sprintf("TargetName=iqn.2026-11.a:%d", i) })},
		{name: "long names", respond: fill(func(i int) string {
			return fmt.Sprintf("TargetName=iqn.2026-11.a:%07d%s", i, strings.Repeat("x", 200))
		})},
		{name: "short addresses", respond: fill(func(i int) string {
			if i%1000 == 0 {
				return fmt.Sprintf("TargetName=iqn.2026-11.a:%d", i)
			}
			return fmt.Sprintf("TargetAddress=%d.b,1", i%1000)
		})},
		{name: "long addresses", respond: fill(func(i int) string {
			if i%1000 == 0 {
				return fmt.Sprintf("TargetName=iqn.2026-11.a:%d", i)
			}
			return fmt.Sprintf("TargetAddress=%s%d:3260,1", long, i%1000)
		})},
		{name: "names that are wrong", respond: fill(func(i int) string { return fmt.Sprintf("TargetName=%d%s", i, strings.Repeat("\xff", 8000)) }), noTarget: true},
		{name: "keys that are unknown", respond: fill(func(i int) string { return fmt.Sprintf("%s%d=", strings.Repeat("K", 50), i) }), noTarget: true},
		{name: "long own values", respond: fill(func(int) string { return "X-a=" + strings.Repeat("v", 8192) }), noTarget: true},
		{name: "events with data", respond: func(int) pdu.PDU { return &pdu.AsyncMessage{Event: 255, Data: make([]byte, 255<<10)} }},
		{name: "pings with data", respond: func(int) pdu.PDU { return &pdu.NOPIn{TTT: pdu.NoTag, Data: make([]byte, 255<<10)} }},
	}
}

// TestBoundMemory: whatever a portal sends, what is alive of it stays within a
// bound. It is measured after each part, while we wait for the next.
func TestBoundMemory(t *testing.T) {
	const parts = 12
	for _, h := range hoarders() {
		t.Run(h.name, func(t *testing.T) {
			var most, least uint64
			measure := func() {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				if most = max(most, m.HeapAlloc); least == 0 {
					least = m.HeapAlloc
				}
			}
			part := func(i int) iscsitest.Step {
				return func(c *iscsitest.Conn) error {
					m := h.respond(i)
					if err := c.Send(m); err != nil {
						return err
					}
					if m.Opcode() == pdu.OpTextResponse {
						if _, err := c.Receive(); err != nil {
							return err
						}
					}
					return nil
				}
			}
			sent := 0
			all := func(c *iscsitest.Conn) error {
				for ; sent < parts; sent++ {
					if err := part(sent)(c); err != nil {
						return err
					}
					measure()
				}
				return c.Send(&pdu.TextResponse{Final: true})
			}
			d := scene.NewDiscoverer()
			d.Timeout = time.Minute
			d.Dial = pipes(t, scripted(&iscsitest.Target{}, nil, all))
			measure()
			for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{scene.At(netip.MustParseAddrPort(scene.Where))})) {
				done, ok := e.(initiator.PortalDone)
				if !ok {
					continue
				}
				want := scene.Outcome{}
				if h.noTarget {
					want = unusableAnswer
				}
				scene.Judge(t, done.Result.Err, want)
			}
			if sent != parts {
				t.Errorf("%d parts were taken, want %d", sent, parts)
			}
			t.Logf("%d KiB at most", (most-least)>>10)
			if most > least+mostBytes {
				t.Errorf("it made us keep %d bytes, want %d at most", most-least, mostBytes)
			}
		})
	}
}

// TestBoundLogin: what a target says in a login stays within the same bound.
func TestBoundLogin(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var steps []iscsitest.Step
	for i := range 60 {
		var keys []string
		for k := range 60 {
			keys = append(keys, fmt.Sprintf("X#%d.%d=", i, k))
		}
		steps = append(steps, reply("1", keys...))
	}
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		r, _ := discover(t, d, scene.Portal(n, scene.Where, scripted(one(), steps...)))
		scene.Judge(t, r.Err, scene.Outcome{})
	})
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 2*mostBytes { // of both sides, and of what was free again
		t.Errorf("%d bytes were bought", got)
	}
}

// TestBoundConnections: a portal has one connection at a time, however often it
// Sends us on or is asked again.
func TestBoundConnections(t *testing.T) {
	t.Parallel()
	for name, handlers := range map[string]func(n *iscsitest.Network){
		"redirects": func(n *iscsitest.Network) {
			for i := range initiator.MaxRedirects {
				n.Portal(fmt.Sprintf("192.0.2.%d:3260", i+1), scene.Sends(fmt.Sprintf("192.0.2.%d", i+2)))
			}
			n.Portal("192.0.2.5:3260", one())
		},
		"the second try of CHAP": func(n *iscsitest.Network) {
			n.Portal(scene.Where, &iscsitest.Target{User: scene.CHAPUser, Secret: "another-secret-1", Algorithm: "7"})
		},
		"addresses of a name": func(n *iscsitest.Network) {
			for i := range 8 {
				n.Portal(fmt.Sprintf("192.0.2.%d:3260", i+1), &iscsitest.Target{Status: pdu.StatusOutOfResources})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				handlers(n)
				d.Lookup = scene.Lookup("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.7", "192.0.2.8")
				d.Dial = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
					if open := n.Open(); open > mostOpen-1 {
						t.Errorf("%d connections are open while %s is connected to", open, dst)
					}
					return n.Dial(ctx, source, dst)
				}
				p := named
				if name != "addresses of a name" {
					p = scene.At(netip.MustParseAddrPort(scene.Where))
				}
				if name == "the second try of CHAP" {
					p = scene.OneWay(p)
				}
				discover(t, d, p)
				if len(n.Dials()) < 2 {
					t.Errorf("dials %v", n.Dials())
				}
			})
		})
	}
}

// TestBoundTime: a portal whose every address sends us on, slowly, from every hop
// to the next, to one that falls silent, costs its timeout and no more; and the
// logout a second.
func TestBoundTime(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		var addrs []string
		for i := range 5 {
			for hop := range initiator.MaxRedirects {
				n.Portal(fmt.Sprintf("192.0.%d.%d:3260", i, hop+1), iscsitest.Slow(3*time.Millisecond, scene.Sends(fmt.Sprintf("192.0.%d.%d", i, hop+2))))
			}
			n.Portal(fmt.Sprintf("192.0.%d.5:3260", i), iscsitest.Script{iscsitest.Silence()})
			addrs = append(addrs, fmt.Sprintf("192.0.%d.1", i))
		}
		d.Lookup = scene.Lookup(addrs...)
		r, took := discover(t, d, named)
		if r.Err == nil || took > d.Timeout+mostLate || r.Elapsed > d.Timeout {
			t.Errorf("after %s (%s): %v", took, r.Elapsed, r.Err)
		}
		n.Portal("192.0.2.9:3260", &iscsitest.Target{NoLogout: true})
		d.Lookup = scene.Lookup("192.0.2.9")
		if r, took := discover(t, d, named); r.Err != nil || took != mostLate {
			t.Errorf("after %s: %v", took, r.Err)
		}
	})
}

// TestBoundGoroutines: on real sockets, portals under way cost a goroutine and a
// descriptor each, however many wait; two goroutines are those of the run.
func TestBoundGoroutines(t *testing.T) {
	const portals, parallel, run = 200, 16, 2
	var asked atomic.Int32
	all := make(chan struct{})
	server := iscsitest.Listen(t, iscsitest.Step(func(c *iscsitest.Conn) error {
		if _, err := c.Receive(); err != nil {
			return err
		}
		if asked.Add(1) == parallel {
			close(all)
		}
		return iscsitest.Silence()(c)
	}))
	d := scene.NewDiscoverer()
	d.Parallel, d.Connecting = parallel, -1
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	goroutines, files := counted(t)
	counted := make(chan struct{})
	go func() {
		defer close(counted)
		<-all
		// Both ends are in this process, and the target's has a goroutine, too. This
		// function is one more.
		if got, most := runtime.NumGoroutine()-goroutines, (mostGoroutines+1)*parallel+run+1; got > most {
			t.Errorf("%d goroutines, want %d at most", got, most)
		}
		if got, most := descriptors(t)-files, (mostOpen+1)*parallel; got > most {
			t.Errorf("%d descriptors, want %d at most", got, most)
		}
		cancel()
	}()
	done := 0
	for e := range d.Run(ctx, slices.Values(slices.Repeat([]initiator.SendTargetPortal{scene.At(server.Addr)}, portals))) {
		scene.Judge(t, e.(initiator.PortalDone).Result.Err, scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.Win32Cancelled})
		done++
	}
	<-counted
	if done != parallel {
		t.Errorf("%d portals were begun, want %d", done, parallel)
	}
}

// TestBoundCancel: on real sockets, a context that ends at any response of a
// discovery leaves no goroutine and no descriptor.
func TestBoundCancel(t *testing.T) {
	goroutines, files := counted(t)
	t.Run("run", func(t *testing.T) { // its end is that of the servers
		for i, stage := range fullResponses {
			ctx, cancel := context.WithCancel(t.Context())
			server := iscsitest.Listen(t, instead(full(), i, func(c *iscsitest.Conn) error {
				cancel()
				return iscsitest.Silence()(c)
			}))
			_, err := scene.NewDiscoverer().Discover(ctx, withAll(scene.At(server.Addr)))
			want := scene.Outcome{Stage: stage, Code: isdsc.Win32Cancelled}
			if stage == initiator.StageLogout {
				want = scene.Outcome{}
			}
			scene.Judge(t, err, want)
		}
	})
	nothingLeft(t, goroutines, files)
}
