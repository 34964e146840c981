package fleetview

import (
	"fmt"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// A JSONFleetHead says which fleet an answer is of, and how old it is.
type JSONFleetHead struct {
	Name       jsonitem.Text `json:"name"`
	Revision   int64         `json:"revision"`    // of etcd; 0: nothing was read yet
	AsOf       jsonitem.Time `json:"as_of"`       // when etcd last answered; null: never
	StaleSince jsonitem.Time `json:"stale_since"` // since when it does not; null: it does
	Error      jsonitem.Text `json:"error,omitempty"`
	Full       bool          `json:"full,omitempty"` // etcd has no space left: hosts write nothing new
	Leader     jsonitem.Text `json:"leader"`         // empty: no host leads
	Hosts      int           `json:"hosts"`
	Silent     int           `json:"silent"`
	Unreadable int           `json:"unreadable_keys"` // at most view.MaxOdd
}

// NewJSONFleetHead describes a view of the fleet of a name.
func NewJSONFleetHead(name string, v *view.View) JSONFleetHead {
	j := JSONFleetHead{
		Name: jsonitem.Text(name), Revision: v.Revision, AsOf: jsonitem.Time(v.AsOf), StaleSince: jsonitem.Time(v.Stale),
		Leader: jsonitem.Text(v.Leader), Full: v.Full, Hosts: len(v.Hosts), Unreadable: v.OddCount,
	}
	if v.Err != nil {
		j.Error = jsonitem.Text(v.Err.Error())
	}
	for _, h := range v.Hosts {
		if h.Silent() {
			j.Silent++
		}
	}
	return j
}

// maxTold is how many keys that cannot be read are told in Notes.
const maxTold = 5

// Notes returns what a user has to know of a view before believing it, a line each: that it
// is old, that nobody leads, which keys cannot be read.
func Notes(v *view.View, now time.Time) (notes []string) {
	if !v.Stale.IsZero() {
		last := "etcd never answered"
		if !v.AsOf.IsZero() {
			last = "this is the fleet as it was " + Span(now.Sub(v.AsOf)) + " ago"
		}
		notes = append(notes, fmt.Sprintf("etcd does not answer since %s: %v; %s", render.TimeText(v.Stale), v.Err, last))
	}
	if v.Full {
		notes = append(notes, "etcd has no space left: hosts cannot write what they see now, and this is what they saw before; compact and defragment the database, or raise its quota, then run etcdctl alarm disarm")
	}
	if v.Leader == "" && len(v.Hosts) > 0 {
		notes = append(notes, "no host leads the fleet: new lists of targets are not copied, and silent hosts are not noted; start a discoverd with --fleet-lead")
	}
	for i, o := range v.Odd {
		if i == maxTold {
			break
		}
		notes = append(notes, fmt.Sprintf("key %s in etcd is passed over: %v", wording.Quoted(o.Key), o.Err))
	}
	if more := v.OddCount - min(len(v.Odd), maxTold); more > 0 {
		note := wording.Plural(more, "further key in etcd is passed over", "further keys in etcd are passed over")
		if v.OddCount == view.MaxOdd {
			note = "at least " + note // no more are counted
		}
		notes = append(notes, note)
	}
	for i := range notes {
		notes[i] = terminal.Visible(notes[i])
	}
	return notes
}
