package page

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/fleetview"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// Bounds of the matrix.
const (
	maxFleetColumns = 24
	maxFleetRows    = 60
)

// A fleetMatrix shows hosts and portals: a row for all hosts that see the same at all
// portals.
type fleetMatrix struct {
	Columns     []string // portals
	Rows        []fleetRow
	LeftOut     int // rows that are left out
	LeftColumns int // portals that are left out
}

// A fleetRow is hosts that see the same everywhere.
type fleetRow struct {
	Hosts int
	Names string
	Cells []fleetCell
}

// A fleetCell is what the hosts of a row see at a portal.
type fleetCell struct {
	mark
	Text  string // beside the symbol
	Title string
}

// newFleetMatrix makes the matrix of portals: those first that fail most. nil: there is
// nothing to show.
func newFleetMatrix(portals []view.Portal, d *view.Difference) *fleetMatrix {
	portals = slices.DeleteFunc(slices.Clone(portals), func(p view.Portal) bool { return p.Hosts == 0 })
	if len(portals) == 0 {
		return nil
	}
	m := &fleetMatrix{}
	if m.LeftColumns = max(0, len(portals)-maxFleetColumns); m.LeftColumns > 0 {
		slices.SortStableFunc(portals, func(a, b view.Portal) int {
			return cmp.Or(cmp.Compare(b.Failing, a.Failing), cmp.Compare(len(b.Groups), len(a.Groups)))
		})
		portals = portals[:maxFleetColumns]
	}
	// What each host sees is a list of groups: portal by portal, those that it has paths in.
	seen := make(map[string][]byte)
	for i := range portals {
		m.Columns = append(m.Columns, columnName(&portals[i]))
		for j := range portals[i].Groups {
			mine := "/" + strconv.Itoa(i) + "." + strconv.Itoa(j)
			for _, host := range fleetview.HostsOf(portals[i].Groups[j].Paths) {
				seen[host] = append(seen[host], mine...)
			}
		}
	}
	rows := make(map[string][]string)
	for host, see := range seen {
		rows[string(see)] = append(rows[string(see)], host)
	}
	all := slices.Collect(maps.Values(rows))
	for _, hosts := range all {
		slices.Sort(hosts)
	}
	slices.SortFunc(all, func(a, b []string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a[0], b[0])) })
	if m.LeftOut = max(0, len(all)-maxFleetRows); m.LeftOut > 0 {
		all = all[:maxFleetRows]
	}
	few := fewerAt(d)
	for _, hosts := range all {
		row := fleetRow{Hosts: len(hosts), Names: visible(fleetview.Names(hosts))}
		for i, groups := range groupsOf(string(seen[hosts[0]]), len(portals)) {
			row.Cells = append(row.Cells, newFleetCell(&portals[i], groups, hosts[0], few))
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

func columnName(p *view.Portal) string {
	if p.ISNS {
		return "iSNS " + portalText(p.Portal)
	}
	return portalText(p.Portal)
}

// groupsOf reads a list of groups: those of each portal.
func groupsOf(see string, portals int) [][]int {
	all := make([][]int, portals)
	for one := range strings.SplitSeq(strings.TrimPrefix(see, "/"), "/") {
		at, group, _ := strings.Cut(one, ".")
		i, err1 := strconv.Atoi(at)
		j, err2 := strconv.Atoi(group)
		if err1 == nil && err2 == nil {
			all[i] = append(all[i], j)
		}
	}
	return all
}

// A hostAt is a host at a portal.
type hostAt struct {
	host   string
	portal initiator.Portal
	isns   bool
}

// fewerAt are the hosts that see fewer targets than their peers, and where.
func fewerAt(d *view.Difference) map[hostAt]int {
	few := make(map[hostAt]int)
	for i := range d.Fewer {
		f := &d.Fewer[i]
		for _, p := range f.Paths {
			few[hostAt{p.Host, f.Portal, f.ISNS}] = f.PeerSees
		}
	}
	return few
}

// newFleetCell says what a host sees at a portal by its paths, which are in groups.
func newFleetCell(p *view.Portal, groups []int, host string, few map[hostAt]int) fleetCell {
	if len(groups) == 0 {
		return fleetCell{mark: markNotThere, Title: "these hosts do not have the portal"}
	}
	c := fleetCell{mark: markUp}
	targets, failed := 0, 0
	var titles []string
	for _, i := range groups {
		g := &p.Groups[i]
		titles = append(titles, visible(fleetview.Sees(g)))
		if !g.Up {
			failed++
			c.Text = visible(g.Stage)
			continue
		}
		targets = max(targets, g.Targets)
	}
	c.Title = strings.Join(titles, "; ")
	peers, isFew := few[hostAt{host, p.Portal, p.ISNS}]
	switch {
	case failed > 0 && failed < len(groups):
		c.mark, c.Text = markFailed, "some paths"
	case failed > 0:
		c.mark = markFailed
	case isFew:
		c.mark, c.Text = markFew, fmt.Sprintf("%d of %d", targets, peers)
	default:
		c.Text = strconv.Itoa(targets)
	}
	return c
}
