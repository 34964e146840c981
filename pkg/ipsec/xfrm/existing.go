package xfrm

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// Existing says what the kernel's policies do with a TCP connection from an
// address of this host to a portal:
//
//   - protection: both directions pass under ESP only, or packets that leave do
//     not pass at all
//   - partial: some of it is protected, or it depends on what is not known
//     before there is a connection
//   - unknown: this process may not look
//   - none: the policies let it pass as it is
//
// A default of the host to block what no policy is for (ip xfrm policy setdefault)
// is not a policy, and is left out.
func Existing(ctx context.Context, source netip.Addr, portal netip.AddrPort) (ipsec.Existing, error) {
	f, err := find(ctx, source, portal)
	return f.existing, err
}

// A finding is what the policies come to, and those that decide it.
type finding struct {
	existing ipsec.Existing
	out, in  *policy // those that are for all of their direction; nil: none is
}

// hold returns the hold that demands what the policies do.
func (f *finding) hold() Hold {
	var h Hold
	if f.out != nil && f.in != nil && f.out.effect() == effectSealed && f.in.effect() == effectSealed {
		h.out, h.in = f.out.templates, f.in.templates
	}
	return h
}

// find looks at the policies. Where that is not permitted the finding is
// unknown, and no error.
func find(ctx context.Context, source netip.Addr, portal netip.AddrPort) (finding, error) {
	policies, err := listPolicies(ctx)
	if err != nil {
		if reason := notPermitted(err); reason != "" {
			return finding{existing: ipsec.Existing{Kind: ipsec.ExistingUnknown, Name: reason}}, nil
		}
		return finding{}, err
	}
	return judge(policies, source, portal), nil
}

// judge says what policies come to.
func judge(policies []policy, source netip.Addr, portal netip.AddrPort) finding {
	outFlow, inFlow := flows(source, portal)
	out, in := decide(policies, dirOut, outFlow), decide(policies, dirIn, inFlow)
	f := finding{out: out.by, in: in.by}
	f.existing.Name = out.name(in)
	switch {
	case out.only(effectPass) && in.only(effectPass):
		return finding{}
	case out.only(effectBlock), out.only(effectSealed, effectBlock) && in.only(effectSealed, effectBlock):
		f.existing.Kind = ipsec.ExistingProtection
		f.existing.Flags = f.flags()
	default:
		f.existing.Kind = ipsec.ExistingPartial
	}
	return f
}

// flags returns what is known of the protection: its mode, if both directions
// agree. Where the keys come from is not known.
func (f *finding) flags() ipsec.Flags {
	h := f.hold()
	modes := map[ipsec.Mode]bool{}
	for _, templates := range [][]template{h.out, h.in} {
		for i := range templates {
			if templates[i].protocol() == protoESP {
				modes[templates[i].mode()] = true
			}
		}
	}
	switch {
	case len(modes) != 1:
		return 0
	case modes[ipsec.TransportMode]:
		return ipsec.FlagValid | ipsec.FlagTransport
	case modes[ipsec.TunnelMode]:
		return ipsec.FlagValid | ipsec.FlagTunnel
	}
	return 0
}

// A decision is what becomes of one direction: each effect that some of its
// packets may meet.
type decision struct {
	effects []effect
	by      *policy // that is for all of the packets that no other is for; nil: none
	first   *policy // that does more than let packets pass; nil: none does
}

func (d *decision) meet(p *policy) {
	e := p.effect()
	d.effects = append(d.effects, e)
	if d.first == nil && e != effectPass {
		d.first = p
	}
}

// only reports that no packet meets another effect.
func (d *decision) only(effects ...effect) bool {
	return !slices.ContainsFunc(d.effects, func(e effect) bool { return !slices.Contains(effects, e) })
}

// name returns the policy to show to people, of this direction or else of the
// other.
func (d *decision) name(other decision) string {
	switch {
	case d.first != nil:
		return d.first.String()
	case other.first != nil:
		return other.first.String()
	}
	return ""
}

// decide goes through the policies as the kernel does: the lowest priority that
// is for a packet counts. Which of several with the same priority counts depends
// on when they were made, which is not told, so each of them may.
func decide(policies []policy, dir byte, f flow) decision {
	type match struct {
		*policy
		coverage
	}
	var matches []match
	for i := range policies {
		p := &policies[i]
		if p.dir != dir || p.ofSocket() || p.guards() {
			continue
		}
		if c := p.covers(f); c != coversNone {
			matches = append(matches, match{p, c})
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return cmp.Compare(a.priority, b.priority) })
	var d decision
	for _, m := range matches {
		if d.by != nil && m.priority > d.by.priority {
			return d
		}
		d.meet(m.policy)
		if m.coverage == coversAll && d.by == nil {
			d.by = m.policy
		}
	}
	if d.by == nil {
		d.effects = append(d.effects, effectPass)
	}
	return d
}
