package isns

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
)

// inDefault is the default discovery domain, as isnsd tells it: 0, without a name.
const inDefault = ` in 0 ""`

// The targets of the tests.
const (
	disk1 = "iqn.2026-11.com.example:disk1"
	disk2 = "iqn.2026-11.com.example:disk2"
	vault = "iqn.2026-11.com.example:vault"
)

// array registers targets with all that a portal may have: by our own DevAttrReg, since
// isnsadm knows no security bitmaps and no null tags.
func (d *isnsd) array() {
	d.t.Helper()
	d.register("array",
		portal("192.0.2.20:3260", isns.TextAttribute(isns.TagPortalName, "left"), isns.NumberAttribute(isns.TagPortalSecurity, 0x2b)),
		portal("192.0.2.21:3260"),
		portal("[2001:db8::20]:3261"),
		node(disk1, isns.Target, isns.TextAttribute(isns.TagAlias, "Fläche 1")),
		node(disk2, isns.Target|isns.Initiator),
		group(disk1, "192.0.2.20:3260", isns.NumberAttribute(isns.TagPGTag, 7)),
		group(disk1, "192.0.2.21:3260", isns.Empty(isns.TagPGTag)),
		group(disk2, "192.0.2.20:3260", isns.NumberAttribute(isns.TagPGTag, 65535)))
	d.register("array2", node(vault, isns.Target), node("iqn.2026-11.com.example:host9", isns.Initiator))
}

// arrayLines are what a client should see of it, in a discovery domain.
func arrayLines(in string) []string {
	return []string{
		disk1 + ` (Fläche 1)` + in + ` 192.0.2.20:3260,7 0x2b "left"`,
		disk1 + ` (Fläche 1)` + in + ` [2001:db8::20]:3261,1 0x00 ""`,
		vault + in + ` -`,
		disk2 + in + ` 192.0.2.20:3260,65535 0x2b "left"`,
		disk2 + in + ` 192.0.2.21:3260,1 0x00 ""`,
		disk2 + in + ` [2001:db8::20]:3261,1 0x00 ""`,
	}
}

// TestQuery: portals with security bitmaps and names, IPv6, portal groups, a portal that
// gives no access, a target without portal, one that is an initiator as well, and a host
// that is none; with DevAttrQry and with DevGetNext alone.
func TestQuery(t *testing.T) {
	t.Parallel()
	d := startISNSD(t, "DefaultDiscoveryDomain = 1")
	d.array()
	t.Run("all at once", func(t *testing.T) {
		a := d.ask(d.as(hostName))
		if diff := cmp.Diff(arrayLines(inDefault), lines(a)); diff != "" {
			t.Errorf("want (-) and got (+):\n%s", diff)
		}
		if !a.Complete || len(a.Warnings) > 0 {
			t.Errorf("got complete %t, warnings %v", a.Complete, a.Warnings)
		}
		if got := a.Security(); len(got) != 1 {
			t.Errorf("got portals with IPsec %v, want the one at 192.0.2.20", got)
		}
	})
	t.Run("one by one", func(t *testing.T) {
		c := d.as(hostName)
		c.Wrap = func(conn net.Conn) net.Conn { return &oneByOne{Conn: conn} }
		a := d.ask(c)
		if diff := cmp.Diff(sorted(arrayLines("")), sorted(lines(a))); diff != "" {
			t.Errorf("want (-) and got (+):\n%s", diff)
		}
		if got := codes(a); !slices.Equal(got, []string{isns.WarnGetNext, isns.WarnDomains}) {
			t.Errorf("got warnings %q: %v", got, a.Warnings)
		}
	})
}

// TestAddresses: isnsd keeps IPv4 addresses as they were registered, so one portal may
// come in both forms; isnsadm registers the IPv4-compatible one.
func TestAddresses(t *testing.T) {
	t.Parallel()
	d := startISNSD(t, "DefaultDiscoveryDomain = 1")
	d.admin("--register", "entity=a", "target="+disk1+",alias=one", "portal=192.0.2.20:3260", "pg,pgt=7", "portal=[2001:db8::20]:3261")
	d.register("b", node(disk2, isns.Target), portal("192.0.2.20:3260"))
	want := []string{
		disk1 + ` (one)` + inDefault + ` 192.0.2.20:3260,7 0x00 ""`,
		disk1 + ` (one)` + inDefault + ` [2001:db8::20]:3261,1 0x00 ""`,
		disk2 + inDefault + ` 192.0.2.20:3260,1 0x00 ""`,
	}
	if diff := cmp.Diff(want, lines(d.ask(d.as(hostName)))); diff != "" {
		t.Errorf("want (-) and got (+):\n%s", diff)
	}
}

// TestMany: isnsd answers with an internal error where its answer would be over 8 KiB, so
// the 1,000 targets of a database, with long names, are asked for one by one.
func TestMany(t *testing.T) {
	t.Parallel()
	d := startISNSD(t, "DefaultDiscoveryDomain = 1")
	const n, each = 1000, 25
	var (
		want     []string
		requests []isns.Body
		all      = portal("192.0.2.20:3260")
	)
	for i := range n {
		name := fmt.Sprintf("iqn.2026-11.com.example:%s.%04d", strings.Repeat("a", 150), i)
		want = append(want, name+` 192.0.2.20:3260,1 0x00 ""`)
		all = append(all, node(name, isns.Target)...)
		if i%each == each-1 {
			requests = append(requests, registration("array", all))
			all = nil
		}
	}
	d.exchange(requests...)
	a := d.ask(d.as(hostName))
	if diff := cmp.Diff(want, sorted(lines(a))); diff != "" {
		t.Errorf("want (-) and got (+):\n%s", diff)
	}
	if got := codes(a); !a.Complete || !slices.Equal(got, []string{isns.WarnGetNext, isns.WarnDomains}) {
		t.Errorf("got complete %t, warnings %q: %v", a.Complete, got, a.Warnings)
	}
}

// codes returns the codes of the warnings.
func codes(a *isns.Answer) (all []string) {
	for _, w := range a.Warnings {
		all = append(all, w.Code)
	}
	return all
}
