//go:build !race

package target

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestTargetSetSize: a set says how much memory it takes, whatever is in it, and takes
// little.
func TestTargetSetSize(t *testing.T) {
	address := []Address{{Host: "192.0.2.10", Port: 3260, Group: 1}}
	for _, tt := range []struct {
		name   string
		target func(i int) Target
		text   int // most bytes for each, of memory
	}{
		{"alike", func(i int) Target {
			return Target{Name: fmt.Sprintf("iqn.2026-11.com.example:storage.disk%07d", i), Addresses: address}
		}, 43 + 30},
		{"in turn", func(i int) Target {
			return Target{Name: fmt.Sprintf("iqn.2026-11.com.example:storage.disk%07d", i), Addresses: []Address{{Host: fmt.Sprint("192.0.2.1", i%5), Port: 3260, Group: 1}}}
		}, 43 + 30},
		{"own", func(i int) Target {
			return Target{Name: fmt.Sprintf("iqn.2026-11.com.example:storage.disk%07d", i), Addresses: []Address{{Host: fmt.Sprint("10.0.0.", i), Port: 3260, Group: 1}}}
		}, 43 + 13 + 40},
		{"aliases", func(i int) Target {
			return Target{Name: fmt.Sprintf("iqn.2026-11.com.example:disk%07d", i), Alias: fmt.Sprint(i, strings.Repeat("a", 200)), Addresses: address}
		}, 35 + 206 + 30},
		{"capitals", func(i int) Target {
			return Target{Name: fmt.Sprintf("iqn.2026-11.com.example:DISK%07d", i), Addresses: address}
		}, 35 + 30},
		{"joined", func(i int) Target {
			return Target{Name: fmt.Sprint("iqn.2026-11.com.example:disk", i&1), Addresses: []Address{{Host: fmt.Sprint("10.0.0.", i), Port: 3260, Group: 1}}}
		}, 13 + 60},
		{"joined a little", func(i int) Target {
			return Target{Name: fmt.Sprint("iqn.2026-11.com.example:disk", i%20_000), Addresses: []Address{{Host: fmt.Sprint("10.0.0.", i), Port: 3260, Group: 1}}}
		}, 200},
		{"many addresses", func(i int) Target {
			t := Target{Name: fmt.Sprintf("iqn.2026-11.com.example:disk%07d", i)}
			for k := range i % 1000 / 10 {
				t.Addresses = append(t.Addresses, Address{Host: fmt.Sprintf("10.0.%d.%d", i, k), Port: 3260, Group: 1})
			}
			return t
		}, 35 + 50*25},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const count = 60_000
			use := func() int64 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return int64(m.HeapAlloc)
			}
			before := use()
			s := new(Set)
			for i := 0; i < count; {
				var b List
				for ; i < count && b.Len() < 100; i++ {
					target := tt.target(i)
					b.Add(&target)
				}
				s.Add(&b, 0, b.Len())
			}
			took, size := use()-before, s.Size()
			t.Logf("%d targets: it says %d bytes, and takes %d; %d each", s.Len(), size, took, took/count)
			if took > size+size/20+100_000 || size > took+took/4+100_000 {
				t.Errorf("it says that it takes %d bytes, and takes %d", size, took)
			}
			if took > int64(tt.text*count) {
				t.Errorf("it takes %d bytes for each target, want at most %d", took/count, tt.text)
			}
			runtime.KeepAlive(s)
		})
	}
}
