package xfrm

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// source and portal are the connection that policies are judged for.
var (
	source = addr("192.0.2.1")
	portal = netip.MustParseAddrPort("192.0.2.10:3260")
)

// A rule is a policy, to be written in a line.
type rule struct {
	dir      byte
	from, to string // prefixes; empty: the two ends
	port     uint16 // of the portal; 0: any
	mask     uint16 // of it; 0: all bits
	ownPort  uint16
	protocol byte
	device   uint32
	priority uint32
	index    uint32
	block    bool
	special  bool
	tmpl     []template
}

func esp(mode ipsec.Mode) []template { return []template{newTemplate(mode, source, portal.Addr(), 0)} }

func changed(change func(*template)) []template {
	t := esp(ipsec.TransportMode)
	change(&t[0])
	return t
}

func (r rule) policy() policy {
	p := policy{dir: r.dir, priority: r.priority, index: r.index, special: r.special, templates: r.tmpl}
	if r.block {
		p.action = actionBlock
	}
	from, to := netip.PrefixFrom(source, 32), netip.PrefixFrom(portal.Addr(), 32)
	fromPort, toPort := selectorSourcePort, selectorDestinationPort
	if r.dir == dirIn {
		from, to = to, from
		fromPort, toPort = toPort, fromPort
	}
	if r.from != "" {
		from = netip.MustParsePrefix(r.from)
	}
	if r.to != "" {
		to = netip.MustParsePrefix(r.to)
	}
	s := &p.selector
	putAddr(s[selectorSource:], from.Addr())
	putAddr(s[selectorDestination:], to.Addr())
	s[selectorSourceBits], s[selectorDestinationBits] = byte(from.Bits()), byte(to.Bits())
	binary.NativeEndian.PutUint16(s[selectorFamily:], family(to.Addr()))
	binary.NativeEndian.PutUint32(s[selectorInterface:], r.device)
	s[selectorProtocol] = r.protocol
	put := func(at int, port, mask uint16) {
		if port == 0 {
			return
		}
		if mask == 0 {
			mask = 0xffff
		}
		binary.BigEndian.PutUint16(s[at:], port)
		binary.BigEndian.PutUint16(s[at+2:], mask)
	}
	put(fromPort, r.ownPort, 0)
	put(toPort, r.port, r.mask)
	return p
}

// TestJudge are policies that the tests on a real kernel do not make.
func TestJudge(t *testing.T) {
	t.Parallel()
	const out, in = dirOut, dirIn
	sealed := []rule{{dir: out, tmpl: esp(ipsec.TransportMode)}, {dir: in, tmpl: esp(ipsec.TransportMode)}}
	with := func(more ...rule) []rule { return append(more, sealed...) }
	tests := []struct {
		name  string
		rules []rule
		want  ipsec.ExistingKind
		hold  bool // of protection: there is something to be held to
	}{
		{name: "nothing", want: ipsec.ExistingNone},
		{name: "sealed", rules: sealed, want: ipsec.ExistingProtection, hold: true},
		{name: "a socket's own", rules: with(rule{dir: out, index: 1<<3 | 3}, rule{dir: in, index: 1<<3 | 4}), want: ipsec.ExistingProtection, hold: true},
		{name: "forwarding", rules: []rule{{dir: 2, tmpl: esp(ipsec.TransportMode)}}, want: ipsec.ExistingNone},
		{name: "a range of ports that has it", rules: []rule{{dir: out, port: 3260, mask: 0xff00, tmpl: esp(ipsec.TransportMode)}, {dir: in, port: 3260, mask: 0xff00, tmpl: esp(ipsec.TransportMode)}}, want: ipsec.ExistingProtection, hold: true},
		{name: "a range of ports that has not", rules: []rule{{dir: out, port: 4000, mask: 0xff00, tmpl: esp(ipsec.TransportMode)}}, want: ipsec.ExistingNone},
		{name: "TCP", rules: []rule{{dir: out, protocol: 6, tmpl: esp(ipsec.TransportMode)}, {dir: in, protocol: 6, tmpl: esp(ipsec.TransportMode)}}, want: ipsec.ExistingProtection, hold: true},
		{name: "UDP", rules: []rule{{dir: out, protocol: 17, tmpl: esp(ipsec.TransportMode)}}, want: ipsec.ExistingNone},
		{name: "IPv6", rules: []rule{{dir: out, from: "::/0", to: "::/0", tmpl: esp(ipsec.TransportMode)}}, want: ipsec.ExistingNone},
		{name: "the same priority, one passes", rules: with(rule{dir: out}, rule{dir: in}), want: ipsec.ExistingPartial},
		{name: "the same priority, all sealed", rules: with(sealed...), want: ipsec.ExistingProtection, hold: true},
		{name: "special ones pass first", rules: []rule{{dir: out, special: true}, {dir: in, special: true}, {dir: out, priority: 9, tmpl: esp(ipsec.TransportMode)}, {dir: in, priority: 9, tmpl: esp(ipsec.TransportMode)}}, want: ipsec.ExistingPartial},
		{name: "special ones seal", rules: []rule{{dir: out, special: true, tmpl: esp(ipsec.TunnelMode)}, {dir: in, special: true, tmpl: esp(ipsec.TunnelMode)}}, want: ipsec.ExistingPartial},
		{name: "special ones pass, and nothing else is there", rules: []rule{{dir: out, special: true}, {dir: in, special: true}}, want: ipsec.ExistingNone},
		{name: "a device", rules: []rule{{dir: out, device: 3, tmpl: esp(ipsec.TunnelMode)}, {dir: in, device: 3, tmpl: esp(ipsec.TunnelMode)}}, want: ipsec.ExistingPartial},
		{name: "blocked out", rules: []rule{{dir: out, block: true}}, want: ipsec.ExistingProtection},
		{name: "blocked in", rules: []rule{{dir: out, tmpl: esp(ipsec.TransportMode)}, {dir: in, block: true}}, want: ipsec.ExistingProtection},
		{name: "optional", rules: []rule{{dir: out, tmpl: changed(func(t *template) { t[templateOptional] = 1 })}}, want: ipsec.ExistingPartial},
		{name: "compression and ESP", rules: []rule{
			{dir: out, tmpl: append(changed(func(t *template) { t[templateProtocol], t[templateOptional] = 108, 1 }), esp(ipsec.TransportMode)...)},
			{dir: in, tmpl: append(changed(func(t *template) { t[templateProtocol], t[templateOptional] = 108, 1 }), esp(ipsec.TransportMode)...)},
		}, want: ipsec.ExistingProtection, hold: true},
		{name: "AH", rules: []rule{{dir: out, tmpl: changed(func(t *template) { t[templateProtocol] = protoAH })}}, want: ipsec.ExistingPartial},
		{name: "a guard of another connection", rules: []rule{{dir: out, protocol: 6, port: 3260, ownPort: 40000, tmpl: esp(ipsec.TransportMode)}, {dir: in, protocol: 6, port: 3260, ownPort: 40000, tmpl: esp(ipsec.TransportMode)}}, want: ipsec.ExistingNone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var policies []policy
			for _, r := range tt.rules {
				policies = append(policies, r.policy())
			}
			f := judge(policies, source, portal)
			if f.existing.Kind != tt.want {
				t.Errorf("got %s (%s), want %s", f.existing.Kind, f.existing.Name, tt.want)
			}
			if h := f.hold(); tt.want == ipsec.ExistingProtection && (len(h.out) > 0 != tt.hold || len(h.in) > 0 != tt.hold) {
				t.Errorf("hold: got %q, want one: %v", h, tt.hold)
			}
			if (f.existing.Name == "") != (tt.want == ipsec.ExistingNone) {
				t.Errorf("name: got %q", f.existing.Name)
			}
		})
	}
}

func TestPolicyString(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule rule
		want string
	}{
		{rule: rule{dir: dirOut, protocol: 6, port: 3260, tmpl: esp(ipsec.TransportMode)}, want: "kernel policy out, 192.0.2.1/32 to 192.0.2.10/32 port 3260: esp transport"},
		{rule: rule{dir: dirIn, from: "0.0.0.0/0", port: 3260, mask: 0xfff0, block: true}, want: "kernel policy in, 0.0.0.0/0 port 3260/0xfff0 to 192.0.2.1/32: block"},
		{rule: rule{dir: dirOut}, want: "kernel policy out, 192.0.2.1/32 to 192.0.2.10/32: pass"},
		{rule: rule{dir: dirOut, tmpl: changed(func(t *template) { t[templateProtocol], t[templateMode], t[templateOptional] = 108, 4, 1 })}, want: "kernel policy out, 192.0.2.1/32 to 192.0.2.10/32: protocol 108 (optional)"},
	} {
		p := tt.rule.policy()
		if got := p.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// attr returns a netlink attribute, padded.
func attr(typ uint16, v []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(v)))
	b = append(binary.NativeEndian.AppendUint16(b, typ), v...)
	return append(b, make([]byte, (4-len(b)%4)%4)...)
}

// TestParsePolicy: there and back, with attributes that matter and others.
func TestParsePolicy(t *testing.T) {
	t.Parallel()
	tmpl := esp(ipsec.TunnelMode)[0]
	want := rule{dir: dirIn, port: 3260, protocol: 6}.policy()
	head := make([]byte, policyLen)
	copy(head, want.selector[:])
	binary.NativeEndian.PutUint32(head[policyPriority:], 77)
	binary.NativeEndian.PutUint32(head[policyIndex:], 80)
	head[policyDir], head[policyAction] = dirIn, actionBlock
	for _, tt := range []struct {
		name      string
		attrs     []byte
		templates int
		special   bool
	}{
		{name: "none"},
		{name: "templates", attrs: attr(attrTemplates, append(append([]byte{}, tmpl[:]...), tmpl[:]...)), templates: 2},
		{name: "others first", attrs: append(attr(99, []byte{1, 2, 3}), attr(attrTemplates, tmpl[:])...), templates: 1},
		{name: "half a template", attrs: attr(attrTemplates, tmpl[:60])},
		{name: "mark of zero", attrs: attr(attrMark, make([]byte, 8))},
		{name: "mark", attrs: attr(attrMark, []byte{1, 0, 0, 1, 0xff, 0xff, 0xff, 0xff}), special: true},
		{name: "interface", attrs: attr(attrIfID, []byte{1, 0, 0, 1}), special: true},
		{name: "main policy", attrs: attr(attrPolicyType, make([]byte, 8))},
		{name: "sub-policy", attrs: attr(attrPolicyType, []byte{1, 0, 0, 0}), special: true},
		{name: "an attribute that is too long", attrs: []byte{0xff, 0xff, 5, 0}},
		{name: "an attribute that is too short", attrs: []byte{3, 0, 5, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := parsePolicy(append(append([]byte{}, head...), tt.attrs...))
			if err != nil {
				t.Fatal(err)
			}
			if p.selector != want.selector || p.priority != 77 || p.index != 80 || p.dir != dirIn || p.action != actionBlock || len(p.templates) != tt.templates || p.special != tt.special {
				t.Errorf("got %+v", p)
			}
		})
	}
	if _, err := parsePolicy(head[:policyLen-1]); err == nil {
		t.Error("half a policy is one")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(make([]byte, policyLen+8))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := parsePolicy(b); err == nil {
			_ = p.String()
			judge([]policy{p}, source, portal)
		}
		if s, err := parseState(b); err == nil {
			_ = s.algorithms()
			served([]state{s}, esp(ipsec.TransportMode), flow{})
		}
	})
}

// TestGuardPolicy: a guard is for one connection, expires, and is recognized.
func TestGuardPolicy(t *testing.T) {
	t.Parallel()
	for _, ends := range []struct{ source, portal string }{{"192.0.2.1", "192.0.2.10:3260"}, {"2001:db8::1", "[2001:db8::10]:3260"}} {
		src, dst := addr(ends.source), netip.MustParseAddrPort(ends.portal)
		g := newGuard(Demand(Association{Mode: ipsec.TransportMode, Local: src, Remote: dst.Addr(), Reqid: 7}), src, 40000, dst)
		for _, dir := range []byte{dirOut, dirIn} {
			p, err := parsePolicy(g.policy(dir))
			if err != nil {
				t.Fatal(err)
			}
			p.templates = g.hold.templates(dir)
			out, in := flows(src, dst)
			f := out
			f.from = netip.AddrPortFrom(src, 40000)
			if dir == dirIn {
				f = flow{from: in.from, to: f.from}
			}
			other := flow{from: netip.AddrPortFrom(f.from.Addr(), f.from.Port()+1), to: f.to}
			if p.covers(f) != coversAll || p.covers(other) != coversNone || !p.guards() || p.priority != 0 || p.dir != dir {
				t.Errorf("%s", &p)
			}
			if got := binary.NativeEndian.Uint64(g.policy(dir)[policyExpires:]); got != guardSeconds {
				t.Errorf("expires after %d seconds, want %d", got, guardSeconds)
			}
		}
	}
}
