package sweep

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A waitingList has the portals that were begun and have no result yet, by the index of
// the Discoverer. The zero value is empty.
type waitingList map[int]*underWay

// An underWay is a portal that is being asked.
type underWay struct {
	portal       string
	stage        initiator.Stage
	begun, since time.Time // since: of the stage
}

// reached takes the stage that a portal has come to, and reports whether the portal is new.
func (l *waitingList) reached(index int, p initiator.Portal, s initiator.Stage, now time.Time) (begun bool) {
	u := (*l)[index]
	switch {
	case s == initiator.StageLogout: // the result is there
		delete(*l, index)
		return false
	case u == nil:
		if *l == nil {
			*l = make(waitingList)
		}
		(*l)[index] = &underWay{portal: terminal.Visible(p.String()), stage: s, begun: now, since: now}
		return true
	case s != u.stage: // a connection that takes longer comes to the same stage again
		u.stage, u.since = s, now
	}
	return false
}

// first returns the portal that was begun first, and how many others there are: a portal
// of several sessions counts once. nil: there is none.
func (l waitingList) first() (u *underWay, others int) {
	at := math.MaxInt
	for index := range l {
		at = min(at, index)
	}
	u = l[at]
	if u == nil {
		return nil, 0
	}
	seen := map[string]bool{u.portal: true}
	for _, other := range l {
		seen[other.portal] = true
	}
	return u, len(seen) - 1
}

// doing says what a stage waits for.
var doing = map[initiator.Stage]string{
	initiator.StageResolve:  "looking up the name",
	initiator.StageSecure:   "negotiating IPsec",
	initiator.StageConnect:  "connecting",
	initiator.StageLogin:    "logging in",
	initiator.StageDiscover: "reading the targets",
}

// how says what is waited for, and how long of how long.
func (u *underWay) how(pace *Pace, now time.Time) string {
	from, limit := u.begun, pace.Portal
	own := map[initiator.Stage]time.Duration{initiator.StageConnect: pace.Connect, initiator.StageLogin: pace.Login}[u.stage] // 0: none
	if ends := u.since.Add(own); own > 0 && now.Before(ends.Add(progressEvery)) && ends.Before(u.begun.Add(limit)) {
		from, limit = u.since, own
	}
	passed := min(now.Sub(from)+progressEvery/2, limit) // a line of the first second is shown just before it is over
	s := fmt.Sprintf("%d s of %s s", int(passed/time.Second), strconv.FormatFloat(limit.Round(time.Millisecond).Seconds(), 'f', -1, 64))
	if what := doing[u.stage]; what != "" {
		s = what + ", " + s
	}
	return s
}
