package strongswan

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// notices collects what an Enforcer tells.
type notices struct {
	mu   sync.Mutex
	list []ipsec.Warning
}

func (n *notices) hear(e *Enforcer) {
	e.Warn = func(w ipsec.Warning) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.list = append(n.list, w)
	}
}

// want fails the test where something else was told than one notice of a code,
// with these words in it.
func (n *notices) want(t *testing.T, code ipsec.WarningCode, words ...string) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.list) != 1 || n.list[0].Code != code {
		t.Fatalf("told: got %+v, want one %s", n.list, code)
	}
	for _, word := range words {
		if !strings.Contains(n.list[0].Message, word) {
			t.Errorf("told: got %q, want %q in it", n.list[0].Message, word)
		}
	}
}

// TestHung (issue 13, 36): a charon that gives no answer is asked once for all
// portals. What exists is unknown, and charon is named; what needs it is refused
// at once, as something that may be another time; it is told once.
func TestHung(t *testing.T) {
	t.Parallel()
	c := newCharon(t, nil)
	c.sleep()
	e, _ := newEnforcer(t, c)
	var told notices
	told.hear(e)
	var all sync.WaitGroup
	for i := range 64 {
		portal := netip.MustParseAddrPort(fmt.Sprintf("192.0.2.%d:3260", 10+i))
		all.Go(func() {
			got, err := e.Existing(t.Context(), netip.MustParseAddr("192.0.2.1"), portal)
			if err != nil || got.Kind != ipsec.ExistingUnknown || !strings.Contains(got.Name, "charon on "+c.Socket+": no answer within 3s") {
				t.Errorf("what exists: got %+v, %v; want unknown, and charon named", got, err)
			}
		})
	}
	all.Wait()
	for range 3 {
		_, err := e.Dialer(t.Context(), secured(t, 0)) // which would wait for ever
		wantType(t, err, failedToConfigure)
		var none *NoAnswerError
		if !errors.As(err, &none) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "charon on ") {
			t.Errorf("got %v, want that charon gives no answer, and that another try may succeed", err)
		}
	}
	c.mu.Lock()
	asked := slices.Clone(c.commands)
	c.mu.Unlock()
	if len(asked) != 1 {
		t.Errorf("charon was asked %v, want one look", asked)
	}
	told.want(t, enforce.WarnDaemon, "charon on "+c.Socket, "no answer")
}

// TestHungLater (issue 13, 36): charon stops in the middle of a negotiation. All
// that cleaning up takes has one budget; that it was charon is told, and what is
// left in it goes when it answers again.
func TestHungLater(t *testing.T) {
	t.Parallel()
	c := newCharon(t, func(c *charon) { c.silent = true })
	e, _ := newEnforcer(t, c)
	var told notices
	told.hear(e)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	go func() {
		<-c.began
		c.sleep()
		cancel(&timeoutError{})
	}()
	_, err := e.Dialer(ctx, secured(t, 0))
	wantType(t, err, failedToConfigure)
	var (
		left *LeftoverError
		none *NoAnswerError
	)
	if !errors.As(err, &left) || !errors.As(err, &none) || strings.Contains(err.Error(), "the peer") {
		t.Errorf("got %v, want a LeftoverError, and that charon gives no answer, and not the peer", err)
	}
	// One command went unanswered for all of the budget. A second one would
	// have had one of its own.
	if got := c.took("terminate"); got != 1 {
		t.Errorf("charon was told %d times to end it, want once", got)
	}
	told.want(t, enforce.WarnDaemon)

	c.wake()
	c.mu.Lock()
	c.silent = false
	c.mu.Unlock()
	e.charon().hung.answered() // as after the pause
	told = notices{}
	told.hear(e)
	if err := useOnce(t, e, secured(t, 0)); err != nil {
		t.Fatal(err)
	}
	told.want(t, enforce.WarnSwept, left.Name)
	c.wantEmpty()
}

// TestOneBudget (issue 13, 36): what is cleaned up in several places has one
// budget.
func TestOneBudget(t *testing.T) {
	t.Parallel()
	var d dialer
	first, second := d.cleaning(), d.cleaning()
	defer d.cleaned()
	if first != second {
		t.Error("got two")
	}
}

// TestEndless (issue 13, 45): a list without an end is read to a limit, and what
// is asked ends in an error that says so.
func TestEndless(t *testing.T) {
	t.Parallel()
	const most = 16 << 20 // as docs/security.md says
	c := newCharon(t, func(c *charon) { c.endless = true })
	e, _ := newEnforcer(t, c)
	_, err := e.Dialer(t.Context(), secured(t, 0))
	wantType(t, err, failedToConfigure)
	var list *ListError
	if !errors.As(err, &list) || list.Command != "list-sas" || list.Limit != most {
		t.Errorf("got %v, want a ListError of list-sas", err)
	}
	_, err = e.lookAround(t.Context()) // Existing waits for it three seconds at most, which may be too little
	if list = nil; !errors.As(err, &list) || list.Command != "list-sas" || !strings.Contains(e.charon().explain(err).Error(), "list-sas") {
		t.Errorf("a look at what exists: got %v, want a ListError of list-sas", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listed > 2*(most+1<<20) { // what waits in sockets was not read
		t.Errorf("%d bytes of lists were read, want %d at most each time", c.listed, most)
	}
}
