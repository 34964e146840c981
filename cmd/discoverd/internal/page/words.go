package page

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/paths"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A mark shows a state by shape, by colour and in words.
type mark struct{ Symbol, Class, Word string }

// The marks.
var (
	markUp      = mark{paths.OK.Shape(), "ok", "up"}
	markFew     = mark{paths.Few.Shape(), "few", "fewer targets"}
	markFailed  = mark{paths.Failed.Shape(), "bad", "failed"}
	markUnknown = mark{paths.Unknown.Shape(), "no", "not asked yet"}
	markNoRoute = mark{paths.NoRoute.Shape(), "no", "no route"}
	markUnseen  = mark{"○", "no", "not seen now"}
	markChange  = mark{"◆", "note", "changed"}
)

func markOfPath(s paths.State) mark {
	switch s {
	case paths.OK:
		return markUp
	case paths.Few:
		return markFew
	case paths.Failed:
		return markFailed
	case paths.NoRoute:
		return markNoRoute
	}
	return markUnknown
}

func markOfStatus(s watch.Status) mark {
	switch s {
	case watch.Up:
		return markUp
	case watch.Few:
		return markFew
	case watch.Down:
		return markFailed
	}
	return markUnknown
}

// visible makes a text of elsewhere safe to read: what cannot be seen, or turns the
// direction of writing, becomes an escape as the command writes it.
func visible(s string) string { return terminal.Visible(s) }

// containsQuery reports an address that has a query.
func containsQuery(u string) bool { return strings.Contains(u, "?") }

// plural returns a number with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// span returns a time in its two greatest units.
func span(d time.Duration) string {
	s := int64(max(d, 0).Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600 && s%60 == 0:
		return fmt.Sprintf("%d min", s/60)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%d h %d min", s/3600, s/60%60)
	}
	return fmt.Sprintf("%d d %d h", s/86400, s/3600%24)
}

// A stamp is a time for people and for programs.
type stamp struct{ Text, Machine string }

// stampOf returns that of a time, with its day where that is not today; zero: none.
func stampOf(t, now time.Time) stamp {
	if t.IsZero() {
		return stamp{}
	}
	t = t.In(now.Location())
	text := t.Format("15:04:05")
	if y, m, d := t.Date(); t.Format("20060102") != now.Format("20060102") {
		if text = fmt.Sprintf("%d %s %s", d, m.String()[:3], text); y != now.Year() {
			text = t.Format("2006-01-02 15:04:05")
		}
	}
	return stamp{text, t.Format(time.RFC3339)}
}

// fromOf names the initiator port of an entry.
func fromOf(key initiator.Key, port ports.Port) string {
	switch {
	case port.Instance != "" && port.Number != ports.All:
		return visible(port.Instance) + "/" + port.Number.String()
	case key.Instance == "" && key.Port == ports.All:
		return "any port"
	case key.Port == ports.All:
		return visible(key.Instance) + "/all"
	}
	return visible(key.Instance) + "/" + key.Port.String()
}

// portalText is a portal for people.
func portalText(p initiator.Portal) string { return visible(p.String()) }
