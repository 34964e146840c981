package page

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A portalsView is the page at /portals.
type portalsView struct {
	Rows        []stateRow
	First, Next string // addresses of the first page and the next; empty: this is it, there is none
}

// A stateRow is how one entry stands.
type stateRow struct {
	mark
	Portal, Label, From, Link string
	Since                     stamp
	Targets                   string
	LastOK                    stamp
	Next                      string
	Failure                   string
}

func (p *Page) portals(f *frame, r *http.Request) (any, error) {
	f.Title = "Portals"
	at := 0
	if s := r.URL.Query().Get("from"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%w: from is not a number", errBadQuery)
		}
		at = n
	}
	v := portalsView{}
	if at > 0 {
		v.First = "/portals"
	}
	states := worstFirst(f.states)
	states = states[min(at, len(states)):]
	if len(states) > pageLen {
		states = states[:pageLen]
		v.Next = "/portals?" + url.Values{"from": {strconv.Itoa(at + pageLen)}}.Encode()
	}
	for i := range states {
		v.Rows = append(v.Rows, newStateRow(&states[i], f.now))
	}
	return v, nil
}

func newStateRow(s *watch.State, now time.Time) stateRow {
	row := stateRow{
		mark:   markOfStatus(s.Status),
		Portal: portalText(s.Key.Portal),
		Label:  visible(s.SymbolicName),
		From:   fromOf(s.Key, portOf(s)),
		Link:   entryLink(s.Key),
		Since:  stampOf(s.Since, now),
		LastOK: stampOf(s.LastOK, now),
		Next:   nextText(s, now),
	}
	if s.Status != watch.Unknown {
		row.Targets = strconv.Itoa(s.Targets)
		if s.Known > s.Targets {
			row.Targets += " of " + strconv.Itoa(s.Known)
		}
	}
	if s.Status == watch.Down && s.Last != nil && s.Last.Err != nil {
		row.Failure = strings.TrimPrefix(strings.TrimPrefix(newFailure(s.Last.Err).String(), " "), ": ")
	}
	return row
}

// portOf is the initiator port that an entry was asked from last.
func portOf(s *watch.State) ports.Port {
	if s.Last == nil {
		return ports.Port{}
	}
	return s.Last.InitiatorPort
}

// nextText says when an entry is asked next.
func nextText(s *watch.State, now time.Time) string {
	switch {
	case s.Asking:
		return "asking now"
	case s.Next.IsZero():
		return ""
	case !s.Next.After(now):
		return "now"
	}
	return "in " + span(s.Next.Sub(now))
}
