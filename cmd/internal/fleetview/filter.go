package fleetview

import (
	"slices"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// OnlyHost returns what a portal is for one host; false: the host does not have it.
func OnlyHost(p view.Portal, host string) (view.Portal, bool) {
	groups := p.Groups
	p.Groups, p.Hosts, p.Failing = nil, 0, 0
	for _, g := range groups {
		g.Paths = slices.DeleteFunc(slices.Clone(g.Paths), func(q view.Path) bool { return q.Host != host })
		if len(g.Paths) == 0 {
			continue
		}
		g.Hosts, g.Since = 1, g.Paths[0].Since
		for _, q := range g.Paths {
			if q.Since.Before(g.Since) {
				g.Since = q.Since
			}
		}
		if !g.Up {
			p.Failing, g.Message = 1, g.Paths[0].Message
		}
		p.Groups, p.Hosts = append(p.Groups, g), 1
	}
	return p, len(p.Groups) > 0
}

// At reports whether a portal is the one that was asked for.
func At(p *view.Portal, want initiator.Portal) bool {
	return p.Portal.Port == want.Port && p.Portal.Canonical() == want.Canonical()
}
