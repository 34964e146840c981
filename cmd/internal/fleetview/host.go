package fleetview

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// The states of a host.
const (
	HostUp         = "up"
	HostSilent     = "silent"     // its lease has ended
	HostNewer      = "newer"      // a newer version wrote its record
	HostUnreadable = "unreadable" // its record is none
)

// A JSONFleetHost is a host of the fleet.
type JSONFleetHost struct {
	Host          jsonitem.Text                `json:"host"`
	State         string                       `json:"state"`
	Error         jsonitem.Text                `json:"error,omitempty"` // of a record that cannot be read
	SilentSince   jsonitem.Time                `json:"silent_since"`    // null: it is not, or it is not known
	FirstSeen     jsonitem.Time                `json:"first_seen"`      // by the leader; null: not yet
	Paths         int                          `json:"paths"`           // of a silent host: how many it had
	PathsUp       int                          `json:"paths_up"`
	Unpublished   int                          `json:"unpublished,omitempty"` // paths beyond those that a host may publish
	Version       jsonitem.Text                `json:"version,omitempty"`
	InitiatorName jsonitem.Text                `json:"initiator_name,omitempty"`
	Started       jsonitem.Time                `json:"started"`
	Every         float64                      `json:"interval_seconds,omitempty"`
	ID            jsonitem.Text                `json:"id,omitempty"`
	Lie           jsonitem.Text                `json:"lie,omitempty"` // what it last published that was not true
	LieAt         jsonitem.Time                `json:"lie_at"`
	Ports         jsonitem.List[JSONFleetPort] `json:"ports"`
}

// A JSONFleetPort is an initiator port of a host.
type JSONFleetPort struct {
	Instance      jsonitem.Text `json:"instance"`
	InitiatorPort uint32        `json:"initiator_port"`
	Address       jsonitem.Text `json:"address"`
	Device        jsonitem.Text `json:"device,omitempty"`
	State         jsonitem.Text `json:"state"`
}

// NewJSONFleetHost describes a host.
func NewJSONFleetHost(h *view.Host) JSONFleetHost {
	j := JSONFleetHost{Host: jsonitem.Text(h.Name), State: stateOf(h), Paths: len(h.Paths)}
	if h.Err != nil {
		j.Error = jsonitem.Text(h.Err.Error())
	}
	for _, p := range h.Paths {
		if p.Up {
			j.PathsUp++
		}
	}
	if h.Silent() {
		j.Paths, j.PathsUp = 0, 0
	}
	if k := h.Known; k != nil {
		j.FirstSeen, j.Lie, j.LieAt = jsonitem.Time(k.First), jsonitem.Text(k.Lie), jsonitem.Time(k.LieAt)
		if h.Silent() {
			j.SilentSince, j.Paths = jsonitem.Time(k.SilentSince), k.Paths
		}
	}
	if i := h.Info; i != nil {
		j.Version, j.InitiatorName, j.Started = jsonitem.Text(i.Version), jsonitem.Text(i.InitiatorName), jsonitem.Time(i.Started)
		j.Every, j.ID, j.Unpublished = i.Every, jsonitem.Text(i.ID), i.Unpublished
		for _, p := range i.Ports {
			j.Ports = append(j.Ports, JSONFleetPort{jsonitem.Text(p.Instance), p.Number, jsonitem.Text(p.Address), jsonitem.Text(p.Device), jsonitem.Text(p.State)})
		}
	}
	return j
}

func stateOf(h *view.Host) string {
	newer := (*fleet.NewerError)(nil)
	switch {
	case h.Silent():
		return HostSilent
	case errors.As(h.Err, &newer):
		return HostNewer
	case h.Err != nil:
		return HostUnreadable
	}
	return HostUp
}

// HostHead are the columns of Row.
func HostHead() []string {
	return []string{"HOST", "STATE", "SINCE", "PATHS", "VERSION", "INITIATOR NAME", "NOTE"}
}

// Row is the host for people.
func (j *JSONFleetHost) Row(now time.Time) []string {
	since, paths := time.Time(j.Started), fmt.Sprintf("%d of %d up", j.PathsUp, j.Paths)
	if j.State == HostSilent {
		since, paths = time.Time(j.SilentSince), fmt.Sprintf("had %d", j.Paths)
	}
	note := string(j.Error)
	if j.Lie != "" {
		note = "published what is not true: " + string(j.Lie)
	}
	if note == "" && j.Unpublished > 0 {
		note = plural(j.Unpublished, "path") + " not published: too many"
	}
	return []string{string(j.Host), j.State, sinceText(since, now), paths, string(j.Version), string(j.InitiatorName), note}
}

// Hosts returns the hosts of a view: those first that need somebody, then by name.
func Hosts(v *view.View) []*view.Host {
	all := make([]*view.Host, 0, len(v.Hosts))
	for _, h := range v.Hosts {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b *view.Host) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Name, b.Name))
	})
	return all
}

func rank(h *view.Host) int {
	switch {
	case h.Known != nil && h.Known.Lie != "":
		return 0
	case h.Silent():
		return 1
	case h.Err != nil:
		return 2
	}
	return 3
}
