package metrics

import (
	"cmp"
	"context"
	"iter"
	"strconv"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// MaxTargetSeries bounds the series that have a target's name; what is above is counted.
const MaxTargetSeries = 10_000

// A Census is what a registry has.
type Census struct {
	Portals, Unreadable   int
	Seen, Missing, Stale  int
	targets               []targetSeries
	paths                 []pathSeries
	targetsLeft, pathLeft int // series that are left out
	named                 bool
}

type targetSeries struct{ portal, target, address, group string }

type pathSeries struct {
	target string
	paths  int
}

// A Registry is what a Census is taken of. A registry.Service is one.
type Registry interface {
	SendTargetPortals(ctx context.Context) iter.Seq2[registry.StoredPortal, error]
	Targets(ctx context.Context, forceUpdate bool) iter.Seq2[registry.KnownTarget, error]
}

// TakeCensus reads the registry. named keeps the targets by name. oneRecord reports an
// error that is about one record alone, which is counted; any other ends the census.
func TakeCensus(ctx context.Context, r Registry, named bool, oneRecord func(error) bool) (Census, error) {
	c := Census{named: named}
	for _, err := range r.SendTargetPortals(ctx) {
		switch {
		case err == nil:
			c.Portals++
		case !oneRecord(err):
			return Census{}, err
		default:
			c.Portals++
			c.Unreadable++
		}
	}
	for t, err := range r.Targets(ctx, false) {
		switch {
		case err == nil:
			c.add(&t)
		case !oneRecord(err):
			return Census{}, err
		default:
			c.Unreadable++
		}
	}
	return c, ctx.Err()
}

// add counts a target: as seen where any entry sees it, else as missing where an entry
// still looks for it.
func (c *Census) add(t *registry.KnownTarget) {
	paths, missing := 0, false
	for i := range t.Mechanisms {
		m := &t.Mechanisms[i]
		switch {
		case m.Static, m.Stale:
			continue
		case !m.MissingSince.IsZero():
			missing = true
			continue
		}
		paths++
		c.addNamed(t, m)
	}
	switch {
	case paths > 0 || static(t):
		c.Seen++
	case missing:
		c.Missing++
	default:
		c.Stale++
	}
	switch {
	case !c.named:
	case len(c.paths) == MaxTargetSeries:
		c.pathLeft++
	default:
		c.paths = append(c.paths, pathSeries{t.Name, paths})
	}
}

// static reports a target that was configured.
func static(t *registry.KnownTarget) bool {
	for i := range t.Mechanisms {
		if t.Mechanisms[i].Static {
			return true
		}
	}
	return false
}

// addNamed keeps the addresses at which an entry sees a target.
func (c *Census) addNamed(t *registry.KnownTarget, m *registry.Mechanism) {
	if !c.named {
		return
	}
	portal := m.Portal.Portal.String()
	for _, a := range m.Addresses {
		if len(c.targets) == MaxTargetSeries {
			c.targetsLeft++
			continue
		}
		group := ""
		if a.Group != target.NoGroup {
			group = strconv.Itoa(a.Group)
		}
		address := initiator.Portal{Address: a.Host, Port: a.Port}
		c.targets = append(c.targets, targetSeries{portal, t.Name, cmp.Or(address.String(), a.Host), group})
	}
}
