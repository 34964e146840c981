package events

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// Line returns an event as one line for people, with the line end.
func Line(e *watch.Event) string {
	from := ""
	if e.Key.Portal.Port != 0 {
		from = Of(e.Key.Portal, e.ISNS)
		if port := Port(e); port != ports.All.String() { // which would say nothing
			from += " from " + port
		}
		from += ": "
	}
	return render.TimeText(e.Time) + " " + terminal.Visible(from) + Text(e) + "\n"
}

// Of names a portal, or an iSNS server.
func Of(p initiator.Portal, server bool) string {
	if server {
		return "iSNS server " + p.String()
	}
	return p.String()
}

// Port names the initiator port of an event: the one that was used, where that is known.
func Port(e *watch.Event) string {
	switch p := &e.InitiatorPort; {
	case p.Instance != "" && p.Number != ports.All:
		return p.Instance + "/" + p.Number.String()
	case e.Key.Port != ports.All:
		return e.Key.Instance + "/" + e.Key.Port.String()
	case e.Source.IsValid():
		return e.Source.String()
	case e.Key.Instance != "":
		return e.Key.Instance + "/" + e.Key.Port.String()
	}
	return e.Key.Port.String()
}

// Text says what an event tells, in words that may stand behind the portal. It is one
// line, and escaped.
func Text(e *watch.Event) string { return terminal.Visible(text(e)) }

func text(e *watch.Event) string {
	switch e.Type {
	case watch.Snapshot:
		if e.Up {
			return "up, " + wording.Plural(e.Targets, "target", "targets")
		}
		return "down: " + failure(e)
	case watch.PortalFailed:
		return "failed: " + failure(e)
	case watch.PortalRecovered:
		return "recovered after " + duration(e.After) + ", " + wording.Plural(e.Targets, "target", "targets")
	case watch.PortalAdded:
		return "added to what is watched"
	case watch.PortalRemoved:
		return "removed from what is watched"
	case watch.AuthChanged:
		return "authentication is " + orNone(e.Is) + ", was " + orNone(e.Was)
	case watch.RedirectChanged:
		return "redirection is " + orNone(e.Is) + ", was " + orNone(e.Was)
	case watch.SourceChanged:
		return "routing selects the source " + orNone(e.Is) + ", was " + orNone(e.Was)
	case watch.SourceFailed:
		return "the registry cannot be read or written: " + failure(e)
	case watch.SourceRecovered:
		return "the registry can be read and written again"
	default:
		return changeText(e)
	}
}

// changeText says what became of a target.
func changeText(e *watch.Event) string {
	c := &e.Change
	name := c.Target
	if name == "" { // they are more than can be remembered
		return "the list of targets changed: " + e.Is + ", was " + e.Was
	}
	switch e.Type {
	case watch.TargetAppeared:
		return name + " appeared" + at(" at ", c.Is)
	case watch.TargetVanished:
		return name + " vanished" + at("; it was at ", c.Was)
	case watch.PathLost:
		return name + " is no longer seen from this port, but from another"
	case watch.PathFound:
		return name + " is seen from this port again" + at(", at ", c.Is)
	}
	s := name + " changed"
	if c.AliasIs != c.AliasWas {
		s += ": alias " + render.QuoteForPeople(c.AliasIs) + ", was " + render.QuoteForPeople(c.AliasWas)
	}
	if is, was := at("", c.Is), at("", c.Was); is != was {
		s += ": at " + is + ", was at " + was
	}
	return s
}

// most is how many addresses are told.
const most = 8

// at lists addresses behind some words; empty: there are none.
func at(words string, all []target.Address) string {
	if len(all) == 0 {
		return ""
	}
	var texts []string
	for i := range all {
		if i == most {
			texts = append(texts, fmt.Sprintf("and %d more", len(all)-most))
			break
		}
		texts = append(texts, strings.TrimSuffix(all[i].String(), ",-1"))
	}
	return words + strings.Join(texts, ", ")
}

// failure says what failed, and what it was before where that was something else.
func failure(e *watch.Event) string {
	s := isdsc.Name(e.Code)
	if e.Err != nil {
		s = e.Err.Error()
	}
	if e.WasCode != isdsc.Success && e.WasCode != e.Code {
		s += "; it was " + isdsc.Name(e.WasCode)
	}
	return s
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// duration is a length of time for people.
func duration(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
