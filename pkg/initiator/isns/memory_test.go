package isns

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
)

// TestCollectorMemory: whatever objects an answer consists of, it takes no more memory than
// MaxMemory, and what Go needs to let a map and a slice grow.
func TestCollectorMemory(t *testing.T) {
	const most = 16 << 20
	addr := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 3260)
	}
	portal := func(i int) []Attribute {
		return []Attribute{AddressAttribute(TagPortalAddress, addr(i).Addr()), PortAttribute(TagPortalPort, 3260)}
	}
	group := func(i int, tag Attribute) []Attribute {
		return []Attribute{AddressAttribute(TagPGAddress, addr(i).Addr()), PortAttribute(TagPGPort, 3260), tag}
	}
	for _, tt := range []struct {
		name string
		make func(i int) []Attribute
	}{
		{"nodes", func(i int) []Attribute { return list(node(fmt.Sprint(i))) }},
		{"nodes with one portal", func(i int) []Attribute { return list(node(fmt.Sprint(i)), portal(i)) }},
		{"nodes with one group", func(i int) []Attribute { return list(node(fmt.Sprint(i)), group(i, NumberAttribute(TagPGTag, 1))) }},
		{"groups of other nodes", func(i int) []Attribute {
			return list(TextAttribute(TagPGName, fmt.Sprintf("iqn.a:%d", i)), group(i, NumberAttribute(TagPGTag, 1)))
		}},
		{"many portals of a node", func(i int) []Attribute {
			if i%1000 == 0 {
				return list(node(fmt.Sprint(i)), portal(i))
			}
			return list(portal(i % 5000))
		}},
		{"denials", func(i int) []Attribute {
			if i == 0 {
				return list(node("a"))
			}
			return group(i, Empty(TagPGTag))
		}},
		{"portals of no node", func(i int) []Attribute {
			return list(portal(i), TextAttribute(TagPortalName, fmt.Sprintf("%0200d", i)))
		}},
		{"a name that changes", func(i int) []Attribute {
			return list(portal(1), TextAttribute(TagPortalName, fmt.Sprintf("%0200d", i)))
		}},
		{"aliases", func(i int) []Attribute {
			return list(node(fmt.Sprint(i)), TextAttribute(TagAlias, fmt.Sprintf("%0200d", i)))
		}},
		{"domains", func(i int) []Attribute {
			if i%1000 == 0 {
				return list(node(fmt.Sprint(i)))
			}
			return list(NumberAttribute(TagDDID, uint32(i)), TextAttribute(TagDDName, fmt.Sprintf("%0200d", i)), member(fmt.Sprint(i/1000*1000)))
		}},
		{"domains of no node", func(i int) []Attribute {
			return list(NumberAttribute(TagDDID, uint32(i)))
		}},
		{"a domain whose name changes", func(i int) []Attribute {
			return list(NumberAttribute(TagDDID, 1), TextAttribute(TagDDName, fmt.Sprintf("%0200d", i)))
		}},
		{"many members of few domains", func(i int) []Attribute {
			if i < 2000 {
				return list(node(fmt.Sprint(i)))
			}
			return list(NumberAttribute(TagDDID, uint32(i/2000)), member(fmt.Sprint(i%2000)))
		}},
		{"few domains", func(i int) []Attribute {
			return list(node(fmt.Sprint(i)), NumberAttribute(TagDDID, uint32(i)), member(fmt.Sprint(i)))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := heap()
			a := &Answer{Complete: true}
			c := newCollector(a, Limits{MaxMemory: most, MaxTargets: 1 << 30}.withDefaults())
			var err error
			for i := 0; err == nil && i < 1<<20; i++ {
				for _, x := range tt.make(i) {
					if err = c.feed(&x); err != nil {
						break
					}
				}
			}
			var size *SizeError
			if !errors.As(err, &size) {
				t.Fatalf("got %v, want a *SizeError", err)
			}
			c.finish()
			taken := heap() - before
			if taken > most {
				t.Errorf("took %d bytes, want %d at most", taken, most)
			}
			t.Logf("%d of %d bytes", taken, most)
			runtime.KeepAlive(c)
		})
	}
}

// heap returns how many bytes are in use.
func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
