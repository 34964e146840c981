//go:build !race

package initiator_test

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
)

// TestCollectedMemory: while it is collected, and when it is there, an answer takes
// no more than twice the bytes of its text.
func TestCollectedMemory(t *testing.T) {
	const grain, parts = 1000, 600
	var before, most float64 // bytes in use; the largest part of twice the text
	sent, text := 0, 0
	use := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	target := streams(func(part int) (string, bool) {
		// What was sent before was taken by now, but for the last part or two.
		if part > 0 && part%(parts/12) == 0 {
			most = max(most, (use()-before)/float64(2*text))
		}
		var b []byte
		for range grain {
			b = fmt.Appendf(b, "TargetName=iqn.2026-11.com.example:storage.disk%07d\x00TargetAddress=192.0.2.10:3260,1\x00", sent)
			sent++
		}
		text += len(b)
		return string(b), part == parts-1
	})
	d := scene.NewDiscoverer()
	d.Timeout = time.Minute
	d.Dial = pipes(t, target)
	before = use()
	r, err := d.Discover(context.WithoutCancel(t.Context()), scene.At(netip.MustParseAddrPort(scene.Where)))
	after := (use() - before) / float64(2*text)
	if err != nil || len(r.Targets) != sent {
		t.Fatalf("%d targets, want %d; %v", len(r.Targets), sent, err)
	}
	t.Logf("%d targets in %d bytes; while they came at most %.2f of twice that, in the end %.2f", sent, text, most, after)
	if most > 1 || after > 1 {
		t.Errorf("it took %.2f of twice the text while it came, and %.2f in the end", most, after)
	}
	runtime.KeepAlive(r)
}

// TestCollectedHosts: a host keeps nothing of the value that it came in, which is not
// counted where targets are collected.
func TestCollectedHosts(t *testing.T) {
	const targets, size = 3000, 8000
	use := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	zeros := strings.Repeat("0", size)
	target := streams(func(part int) (string, bool) {
		var b []byte
		for i := range 30 {
			n := part*30 + i
			b = fmt.Appendf(b, "TargetName=iqn.2026-11.com.example:disk%d\x00TargetAddress=host%d:%s3260,1\x00", n, n, zeros)
		}
		return string(b), part == targets/30-1
	})
	d := scene.NewDiscoverer()
	d.Timeout = time.Minute
	d.Dial = pipes(t, target)
	before := use()
	r, err := d.Discover(context.WithoutCancel(t.Context()), scene.At(netip.MustParseAddrPort(scene.Where)))
	if err != nil || len(r.Targets) != targets {
		t.Fatalf("%d targets, want %d; %v", len(r.Targets), targets, err)
	}
	if took := use() - before; took > targets*size/10 {
		t.Errorf("%d targets took %d bytes", targets, took)
	}
	runtime.KeepAlive(r)
}
