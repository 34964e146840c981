package initiator_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// hostiles are targets of all the bad kinds that a sweep may meet; nil hangs
// while it is connected to. None may cost more than the timeout.
func hostiles() []iscsitest.Handler {
	expect := iscsitest.Check(func(*pdu.LoginRequest) error { return nil })
	forever := func(m pdu.PDU) iscsitest.Step {
		return iscsitest.UntilGone(iscsitest.Steps(iscsitest.Send(m), func(c *iscsitest.Conn) error {
			_, err := c.Receive()
			return err
		}))
	}
	list := func(text string, final bool) iscsitest.Handler {
		return streams(func(int) (string, bool) { return text, final })
	}
	return []iscsitest.Handler{
		nil,
		iscsitest.Script{iscsitest.Silence()},
		iscsitest.Script{iscsitest.Delay(time.Hour), iscsitest.Close()}, // does not even read
		iscsitest.Script{expect, iscsitest.Close()},
		iscsitest.Script{expect, iscsitest.UntilGone(iscsitest.SendRaw([]byte("HTTP/1.1 400 Bad Request\r\n")))},
		iscsitest.Script{expect, iscsitest.UntilGone(iscsitest.SendRaw(make([]byte, 4096)))},
		iscsitest.Script{expect, forever(&pdu.LoginResponse{CSG: 1, Continue: true})},
		iscsitest.Script{expect, forever(&pdu.LoginResponse{CSG: 1, Data: iscsitest.Text("X-a=1")})},
		iscsitest.Slow(time.Second, &iscsitest.Target{}),
		iscsitest.CutAfter(60, &iscsitest.Target{}),
		&iscsitest.Target{Status: pdu.StatusOutOfResources},
		scene.Sends("192.0.2.1:3260"),
		scene.Sends("127.0.0.1"),
		instead(&iscsitest.Target{}, 1, iscsitest.Silence()),
		instead(&iscsitest.Target{}, 1, iscsitest.UntilGone(iscsitest.Send(&pdu.NOPIn{TTT: pdu.NoTag}))),
		list("", false),
		list("rubbish", true),
		list("TargetAddress=192.0.2.1,1\x00", true),
		iscsitest.Script{expect, iscsitest.UntilGone(iscsitest.SendRaw([]byte("\x23\x87\x00\x00\x00\xff\xff\xff" + strings.Repeat("\x00", 40))))},
		scripted(&iscsitest.Target{}, nil, iscsitest.Send(&pdu.Reject{Reason: pdu.RejectProtocolError})),
		scripted(&iscsitest.Target{}, nil, iscsitest.Send(&pdu.AsyncMessage{Event: pdu.AsyncDropSession})),
		scripted(&iscsitest.Target{}, replyBut("1>3", nil, func(m *pdu.LoginResponse) { m.VersionActive = 1 })),
	}
}

// TestCrowd: 1,000 hostile portals between 1,000 good ones: every good one is
// found, in the time that the hostile ones may take at most, by a bounded number
// of goroutines.
func TestCrowd(t *testing.T) {
	const each = 1000
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		var portals []initiator.SendTargetPortal
		addr := func(i int) string { return fmt.Sprintf("10.0.%d.%d:3260", i/250, i%250+1) }
		for i := range each {
			bad := hostiles()
			if h := bad[i%len(bad)]; h != nil {
				portals = append(portals, scene.Portal(n, addr(2*i), h))
			} else {
				portals = append(portals, scene.Portal(n, addr(2*i)))
			}
			portals = append(portals, scene.Portal(n, addr(2*i+1), &iscsitest.Target{Records: []iscsitest.Record{{Name: fmt.Sprintf("iqn.2026-11.com.example:disk%d", i)}}}))
		}
		before, most := runtime.NumGoroutine(), 0
		found, done := make(map[int]string), 0
		start := time.Now()
		for e := range d.Run(t.Context(), slices.Values(portals)) {
			most = max(most, runtime.NumGoroutine())
			switch e := e.(type) {
			case initiator.TargetFound:
				found[e.Index] = e.Target.Name
			case initiator.PortalDone:
				done++
				if bad := e.Index%2 == 0; bad != (e.Result.Err != nil) {
					t.Errorf("portal %d: %v", e.Index, e.Result.Err)
				}
				if e.Result.Elapsed > d.Timeout {
					t.Errorf("portal %d took %s", e.Index, e.Result.Elapsed)
				}
			}
		}
		for i := range each {
			if want := fmt.Sprintf("iqn.2026-11.com.example:disk%d", i); found[2*i+1] != want {
				t.Errorf("portal %d: found %q, want %q", 2*i+1, found[2*i+1], want)
			}
		}
		if done != 2*each || len(found) != each {
			t.Errorf("%d portals done, %d targets", done, len(found))
		}
		if took, limit := time.Since(start), each*d.Timeout/initiator.DefaultParallel+d.Timeout; took > limit {
			t.Errorf("it took %s, want %s at most", took, limit)
		}
		// Each portal under way costs a goroutine of ours, one where its context
		// ends, and one of the target.
		if limit := before + 4*initiator.DefaultParallel; most > limit {
			t.Errorf("%d goroutines, want %d at most", most, limit)
		}
	})
}

// TestNothingLeft: on real sockets, nothing stays open behind a run that was
// left in the middle: no goroutine, no descriptor. Nor is a silent portal waited for,
// which may be so for an hour.
func TestNothingLeft(t *testing.T) {
	goroutines, files := counted(t)
	t.Run("run", func(t *testing.T) { // its end is that of the servers
		silent := iscsitest.Listen(t, iscsitest.Script{iscsitest.Silence()})
		good := iscsitest.Listen(t, &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}}, NoLogout: true})
		var portals []initiator.SendTargetPortal
		for range 16 {
			portals = append(portals, scene.At(silent.Addr), scene.At(good.Addr))
		}
		for i := range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			n := 0
			d := scene.NewDiscoverer()
			d.Timeout = time.Hour
			for range d.Run(ctx, slices.Values(portals)) {
				if n++; n < 10 {
					continue
				}
				if i%2 == 0 {
					break
				}
				cancel()
			}
			cancel()
		}
	})
	nothingLeft(t, goroutines, files)
}

// nothingLeft waits until there are no more goroutines and descriptors than
// before. A goroutine may be counted for a moment after its work.
func nothingLeft(t *testing.T, goroutines, files int) {
	t.Helper()
	for range 1 << 20 {
		if runtime.NumGoroutine() <= goroutines && descriptors(t) <= files {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d goroutines, before %d; %d descriptors, before %d", runtime.NumGoroutine(), goroutines, descriptors(t), files)
}

// counted returns how many goroutines and descriptors there are, with those that the
// first socket of a program leaves behind.
func counted(t *testing.T) (goroutines, files int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return runtime.NumGoroutine(), descriptors(t)
}

// descriptors counts the open ones of this process; 0 where it cannot.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

// TestConstantMemory: a list of a million targets is streamed in memory that
// does not grow with it.
func TestConstantMemory(t *testing.T) {
	count, grain := 1_000_000, 1000
	if raceEnabled {
		count = 100_000
	}
	i := 0
	target := streams(func(part int) (string, bool) {
		var b []byte
		for range grain {
			b = fmt.Appendf(b, "TargetName=iqn.2026-11.com.example:disk%d\x00TargetAddress=192.0.2.10:3260,1\x00", i)
			i++
		}
		return string(b), i == count
	})
	nc := pipes(t, target)
	d := scene.NewDiscoverer()
	d.Timeout = time.Minute
	d.Dial = nc
	var least, most uint64
	found := 0
	for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{scene.At(netip.MustParseAddrPort(scene.Where))})) {
		if done, ok := e.(initiator.PortalDone); ok {
			scene.Judge(t, done.Result.Err, scene.Outcome{})
			continue
		}
		if found++; found%(count/10) != 0 {
			continue
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if least == 0 {
			least = m.HeapAlloc
		}
		most = max(most, m.HeapAlloc)
	}
	if found != count {
		t.Errorf("%d targets, want %d", found, count)
	}
	// What waits for the consumer is in it: four long batches at most.
	if most > least+4<<20 {
		t.Errorf("the heap grew from %d to %d bytes", least, most)
	}
	t.Logf("%d targets; heap of %d to %d bytes", found, least, most)
}
