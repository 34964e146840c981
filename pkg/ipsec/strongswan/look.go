package strongswan

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

const (
	// lookLimit is how long charon may take to tell what it has. That it does not
	// is no reason not to ask a portal.
	lookLimit = 3 * time.Second

	// lookKept is how long the answer serves. What is enforced is not in it: that
	// are the kernel's policies, which are looked at for each connection.
	lookKept = 10 * time.Second
)

// An outlook is what charon has of others.
type outlook struct{ all []sight }

// A sight is an association or a connection of others.
type sight struct {
	what      string // in words, with its name
	near, far end
	anyNear   bool // it is for any address of ours
	children  []selectors
}

// selectors are the traffic selectors of a child.
type selectors struct{ local, remote []string }

// lookAround asks charon what it has.
func (e *Enforcer) lookAround(ctx context.Context) (outlook, error) {
	var o outlook
	d := e.charon()
	err := d.associations(ctx, "", func(name string, ike vici.Section) error {
		s := sight{what: fmt.Sprintf("strongSwan association %q", name)}
		s.near.list, s.far.list = []string{ike.Text("local-host")}, []string{ike.Text("remote-host")}
		for _, child := range ike.Sub("child-sas").Subs() {
			if child.Text("state") == installed {
				s.children = append(s.children, selectors{child.List("local-ts"), child.List("remote-ts")})
			}
		}
		o.add(name, s)
		return nil
	})
	if err != nil {
		return o, err
	}
	err = d.connections(ctx, func(name string, conn vici.Section) error {
		s := sight{what: fmt.Sprintf("strongSwan connection %q", name)}
		s.near.list, s.far.list = conn.List("local_addrs"), conn.List("remote_addrs")
		s.anyNear = anybody(s.near.list)
		for _, child := range conn.Sub("children").Subs() {
			s.children = append(s.children, selectors{child.List("local-ts"), child.List("remote-ts")})
		}
		o.add(name, s)
		return nil
	})
	if err != nil {
		return o, err
	}
	for i := range o.all {
		s := &o.all[i]
		if slices.ContainsFunc(s.children, func(c selectors) bool { return dynamic(c.local, 0) || dynamic(c.remote, 0) }) {
			s.near, s.far = e.names.resolve(ctx, s.near.list), e.names.resolve(ctx, s.far.list)
		}
	}
	return o, nil
}

// add adds what charon lists by a name.
func (o *outlook) add(name string, s sight) {
	if !isOurs(name) && len(s.children) > 0 {
		o.all = append(o.all, s)
	}
}

// covering returns what is for a connection. An end that is a name which could
// not be looked up may be for it: then it is not known.
func (o *outlook) covering(src netip.Addr, dst netip.AddrPort) (found ipsec.Existing) {
	from := netip.AddrPortFrom(src, 0)
	for i := range o.all {
		s := &o.all[i]
		for _, c := range s.children {
			mine, theirs := s.anyNear || selects(c.local, s.near.list, from), selects(c.remote, s.far.list, dst)
			if mine && theirs {
				return ipsec.Existing{Kind: ipsec.ExistingPartial, Name: s.what}
			}
			mine = mine || s.near.unresolved != "" && dynamic(c.local, 0)
			theirs = theirs || s.far.unresolved != "" && dynamic(c.remote, dst.Port())
			if mine && theirs && found.Kind == ipsec.ExistingNone {
				name := cmp.Or(s.far.unresolved, s.near.unresolved)
				found = ipsec.Existing{Kind: ipsec.ExistingUnknown, Name: fmt.Sprintf("%s is for the name %q, which cannot be looked up", s.what, name)}
			}
		}
	}
	return found
}

// dynamic reports whether one of charon's traffic selectors is for the addresses
// of the IKE association, at a port.
func dynamic(selectors []string, port uint16) bool {
	return slices.ContainsFunc(selectors, func(s string) bool {
		addrs, rest, _ := strings.Cut(s, "[")
		return addrs == "dynamic" && selectsPort(strings.TrimSuffix(rest, "]"), port)
	})
}
