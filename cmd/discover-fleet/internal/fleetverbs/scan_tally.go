package fleetverbs

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/fleetview"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	addresses "github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
)

// A scanTally counts what hosts found.
type scanTally struct {
	blocks    []*addresses.Block
	all, open bool // as discover scan has them

	asked, answered, failed, targets int
	read                             map[int]bool // shards
	hosts                            map[string]*hostTally
}

// A hostTally is what one host did.
type hostTally struct{ shards, portals int }

func newScanTally(s *scanVerb) *scanTally {
	return &scanTally{blocks: s.blocks, all: s.run.All, open: s.run.Open, read: map[int]bool{}, hosts: map[string]*hostTally{}}
}

// take counts a shard. The findings are in order, those of one address one after another.
func (t *scanTally) take(r *sweep.Result) {
	t.read[r.Shard] = true
	h := t.hosts[r.Host]
	if h == nil {
		h = new(hostTally)
		t.hosts[r.Host] = h
	}
	h.shards++
	h.portals += len(r.Findings)
	for i := 0; i < len(r.Findings); {
		best, why := addresses.NotAsked, ""
		address := r.Findings[i].Portal.Addr()
		single := t.isSingle(&r.Findings[i])
		for ; i < len(r.Findings) && r.Findings[i].Portal.Addr() == address; i++ {
			f := &r.Findings[i]
			if g := groupOf(f); g < best {
				best, why = g, terminal.Visible(f.Why)
			}
			t.count(f, single)
		}
		for _, b := range t.blocks {
			if b.Text != "" && b.Contains(address) {
				b.Take(best, why)
			}
		}
	}
}

// count counts a portal.
func (t *scanTally) count(f *fleet.Finding, single bool) {
	t.asked++
	t.targets += f.Count
	switch g := groupOf(f); {
	case g == addresses.Answered:
		t.answered++
	case single || !g.NoConnection():
		t.failed++
	}
}

// groupOf returns what became of a portal: it answered only if the host tells what it answered.
func groupOf(f *fleet.Finding) addresses.Group {
	if f.Up {
		return addresses.Answered
	}
	return max(addresses.ParseGroup(f.Outcome), addresses.Refusing)
}

// isSingle reports an address that was given by itself.
func (t *scanTally) isSingle(f *fleet.Finding) bool {
	return slices.ContainsFunc(t.blocks, func(b *addresses.Block) bool { return b.Text == "" && b.First == f.Portal.Addr() })
}

// listed reports whether a finding is shown by itself, as discover scan does it.
func (t *scanTally) listed(f *fleet.Finding) bool {
	g := groupOf(f)
	switch {
	case t.open:
		return g.SpeaksISCSI()
	case t.all, t.isSingle(f):
		return true
	}
	return g < addresses.Refused
}

// summed returns the blocks that are summed up.
func (t *scanTally) summed() (all []*addresses.Block) {
	for _, b := range t.blocks {
		if b.Text != "" {
			all = append(all, b)
		}
	}
	return all
}

// A jsonScanHost is what one host did in a scan.
type jsonScanHost struct {
	Host    jsonitem.Text `json:"host"`
	Shards  int           `json:"shards"`
	Portals int           `json:"portals"`
}

// A jsonScan sums a shared scan up.
type jsonScan struct {
	Job        jsonitem.Text                  `json:"job"`
	Portals    int                            `json:"portals"`
	Asked      int                            `json:"asked"`
	Answered   int                            `json:"answered"`
	Targets    int                            `json:"targets_found"`
	Shards     int                            `json:"shards"`
	Read       int                            `json:"shards_read"`
	Again      int                            `json:"shards_given_again"`
	Hosts      jsonitem.List[jsonScanHost]    `json:"hosts"`
	Refused    jsonitem.List[jsonRefusedHost] `json:"refused_hosts"`
	NotAllowed jsonitem.List[jsonitem.Text]   `json:"not_allowed"` // ranges of addresses that no host allows
	Error      jsonitem.Text                  `json:"error,omitempty"`
	cancelled  bool
	lost       int // shards that hosts were given, and of which nothing was read
}

// A jsonRefusedHost is a host that was taken out of a scan.
type jsonRefusedHost struct {
	Host jsonitem.Text `json:"host"`
	Why  jsonitem.Text `json:"why"`
}

// sum sums up.
func (t *scanTally) sum(job *fleet.Job, p *sweep.Progress) *jsonScan {
	j := &jsonScan{
		Job: jsonitem.Text(job.ID), Portals: job.Portals(), Asked: t.asked, Answered: t.answered, Targets: t.targets,
		Shards: job.Shards(), Read: len(t.read), Again: p.Again, lost: max(0, p.Granted-len(t.read)),
	}
	for name, h := range t.hosts {
		j.Hosts = append(j.Hosts, jsonScanHost{jsonitem.Text(name), h.shards, h.portals})
	}
	slices.SortFunc(j.Hosts, func(a, b jsonScanHost) int {
		return cmp.Or(cmp.Compare(b.Portals, a.Portals), cmp.Compare(a.Host, b.Host))
	})
	for _, b := range p.Blamed {
		j.Refused = append(j.Refused, jsonRefusedHost{jsonitem.Text(b.Host), jsonitem.Text(b.Why)})
	}
	return j
}

// text is the same for people.
func (j *jsonScan) text() string {
	names := make([]string, len(j.Hosts))
	for i, h := range j.Hosts {
		names[i] = fmt.Sprintf("%s %d", h.Host, h.Portals)
	}
	s := fmt.Sprintf("%d of %s asked", j.Asked, wording.Plural(j.Portals, "portal", "portals"))
	if len(names) > 0 {
		s += fmt.Sprintf(" by %s (%s)", wording.Plural(len(names), "host", "hosts"), fleetview.Names(names))
	}
	s += fmt.Sprintf(", %d answered with %s", j.Answered, wording.Plural(j.Targets, "target", "targets"))
	if j.cancelled {
		s = "cancelled: " + s
	}
	if j.lost > 0 {
		s += "; of " + wording.Plural(j.lost, "shard", "shards") + " that hosts were asking nothing is known"
	}
	if j.Again > 0 {
		s += "; " + wording.Plural(j.Again, "shard was given to another host", "shards were given to another host")
	}
	return s
}

// status returns the exit status: that of discover scan.
func (t *scanTally) status(shards int) error {
	switch {
	case t.answered == 0:
		return exit.StatusError(exit.Failed)
	case t.failed > 0 || len(t.read) < shards:
		return exit.StatusError(exit.Partly)
	}
	return nil
}
