package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// day is how far back the pages look.
const day = 24 * time.Hour

// A changeView is an event, or several of one kind that one answer made.
type changeView struct {
	mark
	When         stamp
	Portal, From string // empty: the event is of no entry
	Link         string
	Text         string       // what happened
	Targets      []targetName // to which targets; further ones are counted in More
	More         int
	After        string // behind the targets

	first uint64 // number of its first event
}

// A targetName is a name with the address of its page.
type targetName struct{ Name, Link string }

// maxNames is how many targets a changeView names.
const maxNames = 3

// newChanges makes lines of events, the newest first, at most a number of them. What one
// answer did to several targets is one line.
func newChanges(events []watch.Event, now time.Time, most int) (lines []changeView, more bool) {
	for i := len(events) - 1; i >= 0; {
		e := &events[i]
		if e.Type == watch.Snapshot {
			i--
			continue
		}
		first := i
		for first > 0 && together(&events[first-1], e) {
			first--
		}
		if len(lines) == most {
			return lines, true
		}
		lines = append(lines, newChange(events[first:i+1], now))
		i = first - 1
	}
	return lines, false
}

// together reports that two events are one line.
func together(a, b *watch.Event) bool {
	return a.Type == b.Type && a.Change.Target != "" && a.Key == b.Key && a.ISNS == b.ISNS && b.Time.Sub(a.Time) < time.Second
}

// newChange makes a line of events that belong together.
func newChange(events []watch.Event, now time.Time) changeView {
	e := &events[len(events)-1]
	v := changeView{When: stampOf(e.Time, now), first: events[0].Seq}
	switch {
	case e.ISNS: // it has no page of its own
		v.Portal, v.From = "iSNS server "+portalText(e.Key.Portal), fromOf(e.Key, e.InitiatorPort)
	case e.Key.Portal.Address != "":
		v.Portal, v.From, v.Link = portalText(e.Key.Portal), fromOf(e.Key, e.InitiatorPort), entryLink(e.Key)
	}
	for i := range events {
		if name := events[i].Change.Target; name != "" {
			if len(v.Targets) == maxNames && len(events) > maxNames+1 {
				v.More = len(events) - maxNames
				break
			}
			v.Targets = append(v.Targets, targetName{visible(name), targetLink(name)})
		}
	}
	v.mark, v.Text, v.After = sentence(e, len(events))
	return v
}

// sentence says in words what happened: what stands before the targets, and behind them.
func sentence(e *watch.Event, n int) (m mark, before, after string) {
	what := "target"
	if n > 1 {
		what = fmt.Sprintf("%d targets", n)
	}
	switch e.Type {
	case watch.TargetAppeared:
		if n == 1 {
			after = "at " + addressesText(e.Change.Is)
		}
		return markUp, "shows the new " + what, after
	case watch.TargetVanished:
		return markFew, "no longer shows the " + what, ""
	case watch.TargetChanged:
		if n == 1 {
			after = difference(e)
		}
		return markChange, "shows other addresses of the " + what, after
	case watch.PathLost:
		return markFew, "no longer shows the " + what, "from this port; another port still sees it"
	case watch.PathFound:
		return markUp, "shows the " + what, "from this port again"
	case watch.PortalFailed:
		if e.Err == nil {
			return markFailed, "failed", ""
		}
		before = "failed"
		if e.WasCode != 0 {
			before = "now fails"
		}
		before += newFailure(e.Err).String()
		return markFailed, before, ""
	case watch.PortalRecovered:
		before = "recovered"
		if e.After > 0 {
			before += " after " + span(e.After)
		}
		return markUp, before, ""
	case watch.PortalAdded:
		return markChange, "was added to the registry", ""
	case watch.PortalRemoved:
		return markChange, "was removed from the registry", ""
	case watch.AuthChanged:
		return markChange, "authenticates in another way: " + isWas(e), ""
	case watch.RedirectChanged:
		return markChange, "redirects in another way: " + isWas(e), ""
	case watch.SourceChanged:
		return markChange, "is asked from another address: " + isWas(e), ""
	case watch.SourceFailed:
		before = "the registry cannot be read"
		if e.Err != nil {
			before += ": " + visible(e.Err.Error())
		}
		return markFailed, before, ""
	case watch.SourceRecovered:
		return markUp, "the registry can be read again", ""
	}
	return markChange, visible(string(e.Type)), ""
}

func isWas(e *watch.Event) string {
	text := func(s string) string {
		if s == "" {
			return "none"
		}
		return visible(s)
	}
	return text(e.Is) + ", before: " + text(e.Was)
}

// difference says what of a target is another.
func difference(e *watch.Event) string {
	c := &e.Change
	if c.AliasIs != c.AliasWas && slices.Equal(c.Is, c.Was) {
		return "alias now “" + visible(c.AliasIs) + "”, before “" + visible(c.AliasWas) + "”"
	}
	return addressesText(c.Is) + ", before: " + addressesText(c.Was)
}

// addressesText lists addresses, not too many.
func addressesText(all []target.Address) string {
	const most = 4
	var texts []string
	for i := range all {
		if i == most && len(all) > most+1 {
			texts = append(texts, "…") // without a number: a Watched keeps not all
			break
		}
		texts = append(texts, visible(all[i].String()))
	}
	return strings.Join(texts, ", ")
}
