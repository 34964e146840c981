package page

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/fleetview"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A FleetSource reads a fleet.
type FleetSource interface {
	Name() string

	// View returns the fleet as it was last read; nil: it is not read.
	View(ctx context.Context) *view.View

	Answer(ctx context.Context, d fleet.Digest) ([]target.Target, error)
}

// Bounds of the page of a fleet.
const (
	maxDifferences  = 100 // rows
	fleetPortals    = 50  // portals on a page of the list
	maxPortalGroups = 20  // groups of hosts at one portal
)

// A fleetView is the page at /fleet.
type fleetView struct {
	Name        string
	Notes       []string // what has to be known before anything else
	AsOf        stamp
	Hosts       int
	Silent      int
	Portals     int
	Leader      string
	Differences []differenceRow
	More        int // differences that are left out
	Scans       []fleetScan
	Matrix      *fleetMatrix
	List        []fleetPortal
	First, Next string // addresses of the first page of the list and the next; empty: this is it, there is none
}

// A differenceRow is one thing that is not as it should be.
type differenceRow struct {
	mark
	Kind, Portal, Hosts, Since, Details string
}

// A fleetScan is a shared scan that runs.
type fleetScan struct {
	Asker, Done, Hosts, Refused string
	Portals                     int
	Started                     stamp
}

// A fleetPortal is a portal with the groups of hosts that see the same.
type fleetPortal struct {
	Portal string
	Groups []fleetGroup
	More   int // groups that are left out
}

// A fleetGroup is hosts that see the same at a portal.
type fleetGroup struct {
	mark
	Hosts, Sees, Names string
	Since              stamp
}

// errFleetUnread is why there is nothing to show.
var errFleetUnread = errors.New("the fleet was not read yet; etcd was asked, and the page tries again")

func (p *Page) fleet(f *frame, r *http.Request) (any, error) {
	f.Title = "Fleet"
	if p.Fleet == nil {
		return nil, errNotFound
	}
	at := 0
	if s := r.URL.Query().Get("from"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%w: from is not a number", errBadQuery)
		}
		at = n
	}
	f.Title = "Fleet " + visible(p.Fleet.Name())
	v := p.Fleet.View(r.Context())
	switch {
	case v == nil, v.AsOf.IsZero() && v.Err == nil:
		return nil, errFleetUnread
	case v.AsOf.IsZero():
		return nil, fmt.Errorf("the fleet cannot be read: %w", v.Err)
	}
	return p.newFleetView(r.Context(), v, f.now, at), nil
}

// newFleetView makes the page of a view. at is the first portal of the list.
func (p *Page) newFleetView(ctx context.Context, v *view.View, now time.Time, at int) *fleetView {
	portals := v.Portals()
	d := view.Diff(v, func(d fleet.Digest) ([]target.Target, error) { return p.Fleet.Answer(ctx, d) })
	head := fleetview.NewJSONFleetHead(p.Fleet.Name(), v)
	x := &fleetView{
		Name: visible(p.Fleet.Name()), Notes: fleetview.Notes(v, now), AsOf: stampOf(v.AsOf, now), Hosts: head.Hosts, Silent: head.Silent,
		Portals: len(portals), Leader: visible(v.Leader), Matrix: newFleetMatrix(portals, d),
	}
	all := fleetview.Differences(d)
	x.More = max(0, len(all)-maxDifferences)
	for i := range all[:len(all)-x.More] {
		x.Differences = append(x.Differences, newDifferenceRow(&all[i], now))
	}
	for i := range v.Scans {
		x.Scans = append(x.Scans, newFleetScan(&v.Scans[i], now))
	}
	if at > 0 {
		x.First = "/fleet"
	}
	rest := portals[min(at, len(portals)):]
	if len(rest) > fleetPortals {
		rest = rest[:fleetPortals]
		x.Next = "/fleet?from=" + strconv.Itoa(at+fleetPortals)
	}
	for i := range rest {
		x.List = append(x.List, newFleetPortal(&rest[i], now))
	}
	return x
}

func newDifferenceRow(j *fleetview.JSONFleetDifference, now time.Time) differenceRow {
	cells := j.Row(now)
	for i := range cells {
		cells[i] = visible(cells[i])
	}
	row := differenceRow{mark: markUnknown, Kind: cells[0], Portal: cells[1], Hosts: cells[2], Since: cells[3], Details: cells[4]}
	switch j.Kind {
	case fleetview.KindGone, fleetview.KindFailing, fleetview.KindLie:
		row.mark = markFailed
	case fleetview.KindFewer, fleetview.KindMissing, fleetview.KindTwice, fleetview.KindSame:
		row.mark = markFew
	case fleetview.KindSilent:
		row.mark = markSilent
	default:
		row.mark = markUnreadable
	}
	return row
}

func newFleetScan(s *view.Scan, now time.Time) fleetScan {
	x := fleetScan{
		Asker: visible(s.Asker), Done: fmt.Sprintf("%d of %d shards, %d under way", s.Read, s.Shards, s.Asking), Portals: s.Portals,
		Hosts: fmt.Sprint(len(s.Hosts)), Started: stampOf(s.Started, now),
	}
	if len(s.Hosts) > 0 {
		x.Hosts += ": " + visible(fleetview.Names(s.Hosts))
	}
	if len(s.Refused) > 0 {
		x.Refused = visible(fleetview.Names(s.Refused))
	}
	return x
}

// Marks that only the fleet has.
var (
	markSilent     = mark{markUnseen.Symbol, "no", "silent"}
	markUnreadable = mark{markUnknown.Symbol, "no", "cannot be read"}
	markNotThere   = mark{markNoRoute.Symbol, "no", "not there"}
)

func newFleetPortal(p *view.Portal, now time.Time) fleetPortal {
	x := fleetPortal{Portal: portalText(p.Portal)}
	if p.ISNS {
		x.Portal = "iSNS server " + x.Portal
	}
	groups := p.Groups
	if len(groups) > maxPortalGroups {
		x.More = len(groups) - maxPortalGroups
		groups = groups[:maxPortalGroups]
	}
	for i := range groups {
		g := &groups[i]
		row := fleetGroup{
			mark: markUp, Hosts: fmt.Sprintf("%d of %d", g.Hosts, p.Hosts), Sees: visible(fleetview.Sees(g)), Since: stampOf(g.Since, now),
			Names: visible(fleetview.Names(fleetview.HostsOf(g.Paths))),
		}
		if !g.Up {
			row.mark = markFailed
		}
		x.Groups = append(x.Groups, row)
	}
	return x
}
