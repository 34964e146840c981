package initiator

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// Warnings of a [Prober].
const (
	WarnNotTried           WarningCode = "not-tried"            // advertised addresses were not probed
	WarnProbeLogin         WarningCode = "probe-login"          // something listens there, and the login failed
	WarnProbeNoCredentials WarningCode = "probe-no-credentials" // other hosts were probed without CHAP
)

// maxProbeReasons is how many different reasons a report tells of one portal.
const maxProbeReasons = 16

// A probeReport gathers why addresses of one portal were not tried, or not logged in
// to: one line for each reason, whatever the number of addresses.
type probeReport struct {
	groups  []*probeGroup
	omitted int // addresses with other reasons than are told
	left    []Warning
}

// A probeGroup is addresses with one reason.
type probeGroup struct {
	code  WarningCode
	why   string
	first []string // addresses
	count int
}

// add takes the outcome at an address.
func (r *probeReport) add(a *target.Address, o *probed, withheld bool) {
	if len(r.left) < maxProbeReasons {
		r.left = append(r.left, o.left...)
	}
	switch {
	case o.reach == target.NotTried:
		r.group(WarnNotTried, a, o.why)
		return
	case o.why != "":
		r.group(WarnProbeLogin, a, o.why)
	}
	if withheld {
		r.group(WarnProbeNoCredentials, a, "")
	}
}

// group adds an address to those with one reason.
func (r *probeReport) group(code WarningCode, a *target.Address, why string) {
	const most = 5
	for _, g := range r.groups {
		if g.code == code && g.why == why {
			if g.count++; len(g.first) < most {
				g.first = append(g.first, addressText(*a))
			}
			return
		}
	}
	if len(r.groups) == maxProbeReasons {
		r.omitted++
		return
	}
	r.groups = append(r.groups, &probeGroup{code: code, why: why, first: []string{addressText(*a)}, count: 1})
}

// warnings returns what is to be told. asked is the portal that was asked.
func (r *probeReport) warnings(asked netip.AddrPort) (all []Warning) {
	for _, g := range r.groups {
		were := "was"
		if g.count > 1 {
			were = "were"
		}
		w := Warning{Code: g.code}
		switch g.code {
		case WarnNotTried:
			w.Message = fmt.Sprintf("%s %s not tried: %s", g.names(), were, g.why)
		case WarnProbeLogin:
			w.Message = fmt.Sprintf("%s: the login failed: %s", g.names(), g.why)
		case WarnProbeNoCredentials:
			w.Message = fmt.Sprintf("%s %s probed without CHAP: the credentials are only for %s (--redirect any sends them to other hosts too)", g.names(), were, asked.Addr())
		}
		all = append(all, w)
	}
	all = append(all, r.left...)
	if r.omitted > 0 {
		all = append(all, Warning{Code: WarnMore, Message: fmt.Sprintf("%d more addresses were not tried, or not logged in to, for other reasons", r.omitted)})
	}
	return all
}

// names lists the addresses of a group.
func (g *probeGroup) names() string {
	s := strings.Join(g.first, ", ")
	if rest := g.count - len(g.first); rest > 0 {
		s += fmt.Sprintf(" and %d more", rest)
	}
	return s
}
