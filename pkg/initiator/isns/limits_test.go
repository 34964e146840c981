package isns

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"testing"
)

// TestLimits: an answer may have as many targets as it says, each with a portal of its own, a
// group, an alias and a domain, whatever the limit is; one more is an error.
func TestLimits(t *testing.T) {
	for _, most := range []int{10, DefaultMaxTargets, DefaultMaxTargets + 1000} {
		l := Limits{MaxTargets: most}
		if most == DefaultMaxTargets {
			l = Limits{}
		}
		a := &Answer{Complete: true}
		c := newCollector(a, l.withDefaults())
		c.asked = Target
		var err error
		for i := 0; err == nil && i <= most; i++ {
			name := fmt.Sprint("disk", i)
			where := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 3260).String()
			for _, x := range list(node(name), TextAttribute(TagAlias, "the alias of a disk"), at(where), in("", where, NumberAttribute(TagPGTag, 1)), NumberAttribute(TagDDID, 1), member(name)) {
				if err = c.feed(&x); err != nil {
					break
				}
			}
		}
		c.finish()
		var size *SizeError
		if !errors.As(err, &size) || size.What != "targets" || size.Limit != most || len(a.Nodes) != most {
			t.Errorf("limit %d: got %d targets and %v", most, len(a.Nodes), err)
		}
	}
	l := Limits{MaxTargets: math.MaxInt32}.withDefaults()
	if l.MaxTargets != MostTargets || l.MaxMemory != math.MaxInt32 || l.MaxMessage != math.MaxInt32 {
		t.Errorf("got %+v, want %d targets and 2 GiB", l, MostTargets)
	}
}
