package watching

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/events"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// A rowKey tells rows apart: an iSNS server may be at the address of a portal.
type rowKey struct {
	initiator.Key
	isns bool
}

// A row is how a portal stands, asked from one port.
type row struct {
	portal, port   string
	status         watch.Status
	since          time.Time // zero: not known
	next           time.Time // zero: it is being asked
	targets, known int
	silent         bool   // it did not answer when it was asked last
	changed        string // the newest change, or the failure that lasts; escaped
}

// maxName is how many columns of LAST CHANGE the name of a target takes at most.
const maxName = 20

// update makes r that of a state. ellipsis stands for what is left out.
func (r *row) update(s *watch.State, ellipsis string) {
	r.portal, r.status, r.since, r.next, r.targets, r.known = terminal.Visible(events.Of(s.Key.Portal, s.ISNS)), s.Status, s.Since, s.Next, s.Targets, s.Known
	if port := portOf(s); port != "" || r.port == "" {
		r.port = cmp.Or(port, s.Key.Port.String())
	}
	if s.Last != nil {
		r.silent = initiator.Silent(s.Last.Err)
	}
	switch {
	case s.Last != nil && s.Last.Err != nil:
		r.changed = terminal.Visible(reason(s.Last.Err))
	case s.LastChange != nil:
		e := *s.LastChange
		if i := strings.IndexByte(e.Change.Target, ':'); i > 0 {
			// The naming authority says little, and is long; what became of the target has to
			// be seen behind its name.
			e.Change.Target = column.Cut(ellipsis+e.Change.Target[i:], maxName, ellipsis)
		}
		r.changed = events.Text(&e)
	case s.Status != watch.Down:
		r.changed = ""
	}
}

// portOf names the port that a portal was asked from; empty: it is not known.
func portOf(s *watch.State) string {
	e := watch.Event{Key: s.Key}
	switch {
	case s.Last != nil:
		e.InitiatorPort, e.Source = s.Last.InitiatorPort, s.Last.Source
	case s.LastChange != nil:
		e.InitiatorPort, e.Source = s.LastChange.InitiatorPort, s.LastChange.Source
	}
	if port := events.Port(&e); port != s.Key.Port.String() {
		return terminal.Visible(port)
	}
	return ""
}

// reason says what failed, without the portal: that stands before it.
func reason(err error) string {
	var e *initiator.Error
	if !errors.As(err, &e) || e.Err == nil {
		return err.Error()
	}
	return e.Stage.String() + ": " + e.Err.Error()
}

// severity orders rows: the worst is the first.
func (r *row) severity() int {
	switch r.status {
	case watch.Down:
		return 0
	case watch.Few:
		return 1
	case watch.Unknown:
		return 2
	case watch.Up:
	}
	return 3
}

func compareRows(a, b *row) int {
	return cmp.Or(cmp.Compare(a.severity(), b.severity()), cmp.Compare(a.portal, b.portal), cmp.Compare(a.port, b.port))
}

// cells returns the row as texts. What cannot be seen is escaped in them.
func (r *row) cells(now time.Time) []string {
	state := string(r.status)
	if r.status == watch.Down {
		state = "DOWN"
	}
	since, targets := "-", "-"
	if !r.since.IsZero() {
		since = clock(now.Sub(r.since))
	}
	if r.status == watch.Up || r.status == watch.Few {
		targets = strconv.Itoa(r.targets)
		if r.status == watch.Few {
			targets += fmt.Sprintf(" of %d", r.known)
		}
	}
	return []string{r.portal, r.port, state, since, targets, r.changed}
}

// clock is a length of time as 00:12:40 or, of a day and more, 3d 04:11.
func clock(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	if days := s / 86400; days > 0 {
		return fmt.Sprintf("%dd %02d:%02d", days, s%86400/3600, s%3600/60)
	}
	return fmt.Sprintf("%02d:%02d:%02d", s/3600, s%3600/60, s%60)
}
