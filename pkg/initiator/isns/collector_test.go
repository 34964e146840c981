package isns

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// feed gives an attribute to what takes its kind of object.
func (c *collector) feed(a *Attribute) error {
	if a.Tag >= TagDDID {
		return c.addDomain(a)
	}
	return c.add(a)
}

// member returns a node as a member of a discovery domain.
func member(name string) Attribute {
	return TextAttribute(TagDDMember, "iqn.2026-11.com.example:"+name)
}

// collected returns the answer of some attributes.
func collected(l Limits, all ...Attribute) (*Answer, error) {
	a := &Answer{Server: netip.MustParseAddrPort("192.0.2.1:3205"), Complete: true}
	c := newCollector(a, l.withDefaults())
	c.asked = Target
	var err error
	for i := range all {
		if err = c.feed(&all[i]); err != nil {
			break
		}
	}
	c.finish()
	return a, err
}

// brief returns an answer in one line.
func brief(a *Answer) string {
	var b strings.Builder
	for _, n := range a.Nodes {
		fmt.Fprintf(&b, "%s:", n.Name)
		for _, p := range n.Portals {
			fmt.Fprintf(&b, " %s,%d", p.Address, p.Group)
		}
		for _, d := range n.Domains {
			fmt.Fprintf(&b, " in %d %q", d.ID, d.Name)
		}
		b.WriteString("; ")
	}
	for _, w := range a.Warnings {
		fmt.Fprintf(&b, "%s ", w.Code)
	}
	return strings.TrimRight(b.String(), "; ")
}

func node(name string) Attribute { return TextAttribute(TagISCSIName, "iqn.2026-11.com.example:"+name) }

func at(s string) []Attribute {
	p := netip.MustParseAddrPort(s)
	return []Attribute{AddressAttribute(TagPortalAddress, p.Addr()), PortAttribute(TagPortalPort, p.Port())}
}

// in returns a portal group, of the node before it where owner is empty.
func in(owner, s string, tag Attribute) (all []Attribute) {
	if owner != "" {
		all = append(all, TextAttribute(TagPGName, "iqn.2026-11.com.example:"+owner))
	}
	p := netip.MustParseAddrPort(s)
	return append(all, AddressAttribute(TagPGAddress, p.Addr()), PortAttribute(TagPGPort, p.Port()), tag)
}

func list(some ...any) (all []Attribute) {
	for _, x := range some {
		switch x := x.(type) {
		case Attribute:
			all = append(all, x)
		case []Attribute:
			all = append(all, x...)
		}
	}
	return all
}

// TestCollector: what attributes mean, in the order in which they come, and what a bad one
// costs.
func TestCollector(t *testing.T) {
	t.Parallel()
	const ex = "iqn.2026-11.com.example:"
	tag := func(n uint32) Attribute { return NumberAttribute(TagPGTag, n) }
	bad := func(t Tag) Attribute { return Attribute{Tag: t, Value: []byte{1, 2, 3, 4, 5, 6, 7, 8}, Len: 8} }
	for _, tt := range []struct {
		name     string
		in       []Attribute
		want     string
		complete bool
	}{
		{"nothing", nil, "", true},
		{"portals beside", list(node("a"), at("192.0.2.1:3260"), at("192.0.2.1:3260"), node("b")), ex + "a: 192.0.2.1:3260,-1; " + ex + "b:", true},
		{"groups win", list(node("a"), at("192.0.2.1:3260"), at("192.0.2.2:3260"), in("", "192.0.2.2:3260", tag(3))), ex + "a: 192.0.2.2:3260,3", true},
		{"no access", list(node("a"), at("192.0.2.1:3260"), in("", "192.0.2.1:3260", Empty(TagPGTag))), ex + "a:", true},
		{"groups after all nodes", list(node("a"), node("b"), in("a", "192.0.2.1:3260", tag(1)), in("B", "192.0.2.2:3260", tag(2))), ex + "a: 192.0.2.1:3260,1; " + ex + "b: 192.0.2.2:3260,2", true},
		{"owner ends with its group", list(node("a"), in("b", "192.0.2.1:3260", tag(1)), in("", "192.0.2.2:3260", tag(2))), ex + "a: 192.0.2.2:3260,2", true},
		{"group of an unknown node", list(in("a", "192.0.2.1:3260", tag(1))), "", true},
		{"owner that is no name", list(node("a"), bad(TagPGName), in("", "192.0.2.1:3260", tag(1))), ex + "a:; invalid-attribute", false},
		{"two groups", list(node("a"), in("", "192.0.2.1:3260", tag(1)), in("", "192.0.2.1:3260", tag(2))), ex + "a: 192.0.2.1:3260,1; two-portal-groups", true},
		{"one node in two cases", list(node("a"), at("192.0.2.1:3260"), node("A"), at("192.0.2.2:3260")), ex + "a: 192.0.2.1:3260,-1 192.0.2.2:3260,-1; target-listed-twice", true},
		{"no target", list(node("a"), NumberAttribute(TagNodeType, uint32(Initiator))), "not-a-target", true},
		{"target and initiator", list(node("a"), NumberAttribute(TagNodeType, uint32(Initiator|Target))), ex + "a:", true},
		{"UDP", list(node("a"), AddressAttribute(TagPortalAddress, netip.MustParseAddr("192.0.2.1")), NumberAttribute(TagPortalPort, udpBit|3260)), ex + "a:; invalid-portal", false},
		{"port 0", list(node("a"), at("192.0.2.1:0")), ex + "a: 192.0.2.1:3260,-1", true},
		{"all addresses", list(node("a"), at("0.0.0.0:3260"), at("[::]:3260")), ex + "a:; invalid-portal invalid-portal", false},
		{"port without address", list(node("a"), PortAttribute(TagPortalPort, 3260)), ex + "a:; invalid-portal", false},
		{"bad address", list(node("a"), bad(TagPortalAddress), PortAttribute(TagPortalPort, 3260), node("b"), at("192.0.2.1:3260")), ex + "a:; " + ex + "b: 192.0.2.1:3260,-1; invalid-attribute invalid-portal", false},
		{"bad port", list(node("a"), at("192.0.2.1:3260"), bad(TagPortalPort)), ex + "a: 192.0.2.1:3260,-1; invalid-attribute", false},
		{"bad type", list(node("a"), bad(TagNodeType)), ex + "a:; invalid-attribute", false},
		{"bad group tag", list(node("a"), at("192.0.2.1:3260"), in("", "192.0.2.1:3260", bad(TagPGTag))), ex + "a:; invalid-attribute", false},
		{"long group tag", list(node("a"), in("", "192.0.2.1:3260", tag(0x10007))), ex + "a: 192.0.2.1:3260,7; invalid-attribute", true},
		{"bad alias", list(node("a"), TextAttribute(TagAlias, strings.Repeat("x", 256))), ex + "a:; invalid-target-alias", true},
		{"bad portal name", list(node("a"), at("192.0.2.1:3260"), bad(TagPortalName)), ex + "a: 192.0.2.1:3260,-1; invalid-attribute", false},
		{"bad bitmap", list(node("a"), at("192.0.2.1:3260"), bad(TagPortalSecurity)), ex + "a: 192.0.2.1:3260,-1; invalid-attribute", false},
		{"two bitmaps", list(node("a"), at("192.0.2.1:3260"), NumberAttribute(TagPortalSecurity, 1), NumberAttribute(TagPortalSecurity, 2)), ex + "a: 192.0.2.1:3260,-1; security-bitmap", true},
		{"bad name", list(bad(TagISCSIName), at("192.0.2.1:3260"), node("b")), ex + "b:; invalid-attribute", false},
		{"harmful name", list(TextAttribute(TagISCSIName, "iqn.a\x1b[2J"), at("192.0.2.1:3260"), node("b")), ex + "b:; invalid-target-name", false},
		{"empty name", list(Empty(TagISCSIName), node("b")), ex + "b:; invalid-attribute", false},
		{"too long", list(Attribute{Tag: TagISCSIName, Len: 4096}, node("b")), ex + "b:; invalid-attribute", false},
		{"what was not asked for", list(node("a"), NumberAttribute(99, 7), at("192.0.2.1:3260"), TextAttribute(TagEntityID, "x")), ex + "a: 192.0.2.1:3260,-1", true},
		{"attributes of no object", list(NumberAttribute(TagPortalSecurity, 3), TextAttribute(TagAlias, "x"), tag(1), node("a")), ex + "a:", true},
		{"portal and group of UDP", list(node("a"), AddressAttribute(TagPortalAddress, netip.MustParseAddr("192.0.2.1")), NumberAttribute(TagPortalPort, udpBit|3260),
			AddressAttribute(TagPGAddress, netip.MustParseAddr("192.0.2.1")), NumberAttribute(TagPGPort, udpBit|3260), tag(1)), ex + "a:; invalid-portal", false},
		{"portal without port", list(node("a"), at("192.0.2.1:3260")[:1], node("b")), ex + "a:; " + ex + "b:; invalid-portal", false},
		{"last portal without port", list(node("a"), at("192.0.2.1:3260")[:1]), ex + "a:; invalid-portal", false},
		{"portals without ports", list(node("a"), at("192.0.2.1:3260")[:1], at("192.0.2.2:3260")[:1], at("192.0.2.3:3260")), ex + "a: 192.0.2.3:3260,-1; invalid-portal invalid-portal", false},
		{"group without port", list(node("a"), in("a", "192.0.2.1:3260", tag(1))[:2], tag(1), node("b")), ex + "a:; " + ex + "b:; invalid-portal", false},
		{"last group without address", list(node("a"), at("192.0.2.1:3260"), tag(1)), ex + "a:; invalid-portal", false},
		{"group without tag", list(node("a"), at("192.0.2.1:3260"), in("a", "192.0.2.1:3260", tag(1))[:3]), ex + "a: 192.0.2.1:3260,-1", true},
		{"groups with and without tag", list(node("a"), in("a", "192.0.2.1:3260", tag(1))[:3], in("a", "192.0.2.2:3260", tag(2))), ex + "a: 192.0.2.2:3260,2", true},
		{"tags before portals", list(node("a"), tag(1), in("", "192.0.2.1:3260", tag(0))[:2], tag(2), in("", "192.0.2.2:3260", tag(0))[:2]), ex + "a: 192.0.2.1:3260,1 192.0.2.2:3260,2", true},
		{"group tag 0", list(node("a"), in("a", "192.0.2.1:3260", tag(0))), ex + "a: 192.0.2.1:3260,0", true},
		{"domain", list(node("a"), node("b"), NumberAttribute(TagDDID, 1), TextAttribute(TagDDName, "x"), member("a"), member("B"), member("c")), ex + `a: in 1 "x"; ` + ex + `b: in 1 "x"`, true},
		{"name of a domain behind its members", list(node("a"), NumberAttribute(TagDDID, 1), member("a"), TextAttribute(TagDDName, "x"), NumberAttribute(TagDDID, 2), member("a")), ex + `a: in 1 "x" in 2 ""`, true},
		{"a domain twice", list(node("a"), NumberAttribute(TagDDID, 1), member("a"), member("a"), NumberAttribute(TagDDID, 2), member("a"), NumberAttribute(TagDDID, 1), TextAttribute(TagDDName, "x"), member("a")), ex + `a: in 1 "x" in 2 ""`, true},
		{"member of no domain", list(node("a"), member("a"), TextAttribute(TagDDName, "x")), ex + "a:", true},
		{"bad domain", list(node("a"), bad(TagDDID), TextAttribute(TagDDName, "x"), member("a")), ex + "a:; invalid-attribute", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, err := collected(Limits{}, tt.in...)
			if got := brief(a); err != nil || got != tt.want || a.Complete != tt.complete {
				t.Errorf("got %q, complete %t, %v\nwant %q, complete %t", got, a.Complete, err, tt.want, tt.complete)
			}
		})
	}
}

// TestCollectorLimits: more of something than there may be.
func TestCollectorLimits(t *testing.T) {
	t.Parallel()
	l := Limits{MaxTargets: 2, MaxPortals: 2}
	a, err := collected(l, list(node("a"), at("192.0.2.1:1"), at("192.0.2.1:2"), at("192.0.2.1:3"), at("192.0.2.1:4"), node("b"))...)
	if err != nil || len(a.Nodes) != 2 || len(a.Nodes[0].Portals) != 2 || a.Complete || len(a.Warnings) != 1 || a.Warnings[0].Code != WarnTooMany {
		t.Errorf("portals: got %s, complete %t, %v", brief(a), a.Complete, err)
	}
	a, err = collected(l, list(node("a"), NumberAttribute(TagDDID, 1), member("a"), NumberAttribute(TagDDID, 2), member("a"), NumberAttribute(TagDDID, 3), TextAttribute(TagDDName, "third"), member("a"))...)
	if err != nil || len(a.Nodes[0].Domains) != 2 || a.Nodes[0].Domains[1] != (Domain{ID: 2}) || a.Complete {
		t.Errorf("domains: got %+v, complete %t, %v", a.Nodes, a.Complete, err)
	}
	var size *SizeError
	if a, err = collected(l, node("a"), node("b"), node("c")); !errors.As(err, &size) || len(a.Nodes) != 2 {
		t.Errorf("targets: got %s, %v, want two and a *SizeError", brief(a), err)
	}
	var many []Attribute
	for i := range 1000 {
		many = append(many, TextAttribute(TagISCSIName, fmt.Sprintf("\x1b%d", i)))
	}
	if a, _ = collected(l, many...); len(a.Warnings) != maxWarnings+1 || a.Warnings[maxWarnings].Code != WarnMore {
		t.Errorf("got %d warnings, want %d", len(a.Warnings), maxWarnings+1)
	}
}

// TestAnswerAddresses: which portals of an answer cannot be used, by where the server is.
func TestAnswerAddresses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		server, portal, host string
		unusable             bool
	}{
		{"192.0.2.1:3205", "192.0.2.10:3260", "192.0.2.10", false},
		{"192.0.2.1:3205", "127.0.0.1:3260", "127.0.0.1", true},
		{"127.0.0.1:3205", "127.0.0.1:3260", "127.0.0.1", false},
		{"192.0.2.1:3205", "224.0.0.1:3260", "224.0.0.1", true},
		{"192.0.2.1:3205", "255.255.255.255:3260", "255.255.255.255", true},
		{"[2001:db8::1]:3205", "[fe80::1]:3260", "fe80::1", true},
		{"[fe80::9%eth7]:3205", "[fe80::1]:3260", "fe80::1%eth7", false},
	} {
		a, _ := collected(Limits{}, list(node("a"), at(tt.portal))...)
		a.Server, a.Source = netip.MustParseAddrPort(tt.server), netip.MustParseAddrPort("192.0.2.99:40000")
		got := a.Targets()[0].Addresses[0]
		if got.Host != tt.host || (got.Unusable != 0) != tt.unusable || got.Port != 3260 || got.Group != target.NoGroup {
			t.Errorf("%s at %s: got %+v, want host %s, unusable %t", tt.portal, tt.server, got, tt.host, tt.unusable)
		}
	}
}

// FuzzCollector: no answer makes the collector panic, or gives more than the limits allow.
func FuzzCollector(f *testing.F) {
	all := list(node("a"), NumberAttribute(TagNodeType, 1), at("192.0.2.1:3260"), in("a", "192.0.2.1:3260", NumberAttribute(TagPGTag, 1)), NumberAttribute(TagDDID, 1), TextAttribute(TagDDName, "x"), member("a"))
	var seed []byte
	for i := range all {
		seed = all[i].append(seed)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:min(len(b), 1<<15)&^3]
		in := pduOf(FlagFirst|FlagLast, 0, append([]byte{0, 0, 0, 0}, b...))
		m, err := NewReader(bytes.NewReader(in)).Next()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Status(); err != nil {
			t.Fatal(err)
		}
		l := Limits{MaxTargets: 8, MaxPortals: 3, MaxMemory: 1 << 14}.withDefaults()
		a := &Answer{Server: netip.MustParseAddrPort("192.0.2.1:3205"), Complete: true}
		c := newCollector(a, l)
		_ = operating(m, []Attribute{NumberAttribute(TagNodeType, 1)}, c.feed)
		c.finish()
		if len(a.Nodes) > l.MaxTargets || len(a.Warnings) > maxWarnings+1 {
			t.Errorf("got %d nodes and %d warnings", len(a.Nodes), len(a.Warnings))
		}
		for _, n := range a.Nodes {
			if len(n.Portals) > l.MaxPortals || len(n.Domains) > l.MaxPortals {
				t.Errorf("got %d portals and %d domains", len(n.Portals), len(n.Domains))
			}
			for _, p := range n.Portals {
				if !p.Address.IsValid() || p.Address.Port() == 0 {
					t.Errorf("got portal %s", p.Address)
				}
			}
		}
		_, _ = a.Targets(), a.Security()
	})
}
