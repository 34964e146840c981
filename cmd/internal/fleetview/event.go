package fleetview

import (
	"fmt"

	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// A JSONFleetEvent is a change of a fleet.
type JSONFleetEvent struct {
	Schema  int            `json:"schema"`
	Time    jsonitem.Time  `json:"time"`
	Seq     int64          `json:"seq"` // counts the events of one run, from 1
	Type    string         `json:"type"`
	Host    jsonitem.Text  `json:"host,omitempty"`
	Portal  jsonitem.Text  `json:"portal,omitempty"`
	ISNS    jsonitem.Text  `json:"isns_server,omitempty"`
	Hosts   int            `json:"hosts,omitempty"`   // that have the portal
	Changed int            `json:"changed,omitempty"` // of them: those that the event is of
	Failing int            `json:"failing,omitempty"` // of them: those that fail now
	Targets *int           `json:"targets,omitempty"`
	Before  *int           `json:"targets_before,omitempty"`
	Paths   int            `json:"paths,omitempty"`
	Since   *jsonitem.Time `json:"since,omitempty"`
	Reason  jsonitem.Text  `json:"reason,omitempty"`
}

// eventSchema is the layout of a JSONFleetEvent.
const eventSchema = 1

// NewJSONFleetEvent describes an event with its number.
func NewJSONFleetEvent(e *view.Event, seq int64) JSONFleetEvent {
	j := JSONFleetEvent{
		Schema: eventSchema, Time: jsonitem.Time(e.Time), Seq: seq, Type: string(e.Type), Host: jsonitem.Text(e.Host),
		Hosts: e.Hosts, Changed: e.Changed, Failing: e.Failing, Paths: e.Paths, Reason: jsonitem.Text(e.Reason),
	}
	if e.Portal.Port != 0 {
		j.Portal = jsonitem.Text(e.Portal.String())
		if e.ISNS {
			j.Portal, j.ISNS = "", j.Portal
		}
	}
	if e.Type == view.TargetsFewer {
		j.Targets, j.Before = &e.Targets, &e.Before
	}
	if !e.Since.IsZero() {
		since := jsonitem.Time(e.Since)
		j.Since = &since
	}
	return j
}

// EventLine is an event as one line for people, with the line end.
func EventLine(e *view.Event) string {
	return render.TimeText(e.Time) + " " + EventText(e) + "\n"
}

// EventText says what an event tells. It is one line, and escaped.
func EventText(e *view.Event) string { return terminal.Visible(eventText(e)) }

func eventText(e *view.Event) string {
	portal := portalText(e.Portal, e.ISNS)
	switch e.Type {
	case view.HostAppeared:
		return e.Host + ": host appeared"
	case view.HostSilent:
		return e.Host + ": host is silent; it had " + plural(e.Paths, "path")
	case view.HostBack:
		return e.Host + ": host is back" + silentFor(e)
	case view.PortalFailed:
		return portal + ": failed for " + failedFor(e) + reason(e)
	case view.PortalRecovered:
		return portal + ": answers again for all of " + plural(e.Hosts, "host")
	case view.TargetsFewer:
		return fmt.Sprintf("%s: %s fewer targets, %d instead of %d", portal, seeFewer(e), e.Targets, e.Before)
	case view.AnswerLie:
		return e.Host + ": published what is not true" + reason(e)
	case view.LeaderChanged:
		if e.Host == "" {
			return "no host leads the fleet"
		}
		return e.Host + ": leads the fleet"
	}
	return string(e.Type)
}

func silentFor(e *view.Event) string {
	if e.Since.IsZero() {
		return ""
	}
	return " after " + Span(e.Time.Sub(e.Since))
}

func failedFor(e *view.Event) string {
	switch {
	case e.Failing == e.Hosts && e.Hosts > 1:
		return fmt.Sprintf("all %d hosts", e.Hosts)
	case e.Host != "":
		return fmt.Sprintf("%s, %d of %s", e.Host, e.Failing, plural(e.Hosts, "host"))
	}
	return fmt.Sprintf("%d of %s", e.Failing, plural(e.Hosts, "host"))
}

func seeFewer(e *view.Event) string {
	if e.Host != "" {
		return e.Host + " sees"
	}
	return fmt.Sprintf("%d of %s see", e.Changed, plural(e.Hosts, "host"))
}

func reason(e *view.Event) string {
	switch {
	case e.Reason == "":
		return ""
	case e.Portal.Port == 0:
		return ": " + e.Reason
	}
	return ": " + cutReason(e.Reason, e.Portal.String())
}
