package isns_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// TestFarewell: a server that is silent when we are taken out again does not delay the end
// for more than two seconds.
func TestFarewell(t *testing.T) {
	t.Parallel()
	for _, silent := range []isns.Function{isns.FuncDevAttrQry, isns.FuncSCNDereg} {
		synctest.Test(t, func(t *testing.T) {
			s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Spoil: func(q *isnstest.Request, r *isnstest.Reply) { r.Silent = q.Function == silent && q.Index > 0 }})
			l, err := isns.Listen(t.Context(), loopback)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			begin := time.Now()
			time.AfterFunc(101*time.Second, cancel) // while the registration is being renewed
			l.Subscribe(ctx, quiet(s))
			if took := time.Since(begin); took > 103*time.Second {
				t.Errorf("no answer to %s: it ended after %v, want two seconds after 101 s", silent, took)
			}
			end, stop := context.WithCancel(t.Context())
			stop()
			l.Serve(end) // closes it
		})
	}
}

// TestRenewal: a registration is renewed three times in the period that the server grants, and
// not more often than every five seconds; one that the server has lost is made again.
func TestRenewal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		granted uint32 // seconds; 0: the server says nothing
		every   time.Duration
	}{
		{0, 100 * time.Second}, {300, 100 * time.Second}, {3600, 100 * time.Second}, {60, 20 * time.Second}, {1, 5 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
				if q.Function == isns.FuncDevAttrReg {
					r.Payload = isnstest.Attributes(isns.Empty(isns.TagDelimiter))
					if tt.granted > 0 {
						r.Payload = isnstest.Attributes(isns.Empty(isns.TagDelimiter), isns.NumberAttribute(isns.TagRegPeriod, tt.granted))
					}
				}
			}})
			l, err := isns.Listen(t.Context(), loopback) // nothing of this test connects to it
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var rooms sync.WaitGroup
			rooms.Go(func() {
				l.Subscribe(ctx, quiet(s))
			})
			const begin = "DevAttrQry, DevAttrReg, SCNReg"
			after := func(d time.Duration, want string) {
				t.Helper()
				time.Sleep(d)
				synctest.Wait()
				if got := functions(s); got != want {
					t.Errorf("%d s granted: got %s, want %s", tt.granted, got, want)
				}
			}
			after(tt.every-time.Millisecond, begin)
			after(2*time.Millisecond, begin+", DevAttrQry")
			after(tt.every, begin+", DevAttrQry, DevAttrQry")
			s.Change(func(d *isnstest.Database) { d.Nodes = nil })
			after(tt.every+2*time.Second, begin+", DevAttrQry, DevAttrQry, DevAttrQry, "+begin)
			cancel()
			rooms.Wait()
			end, stop := context.WithCancel(t.Context())
			stop()
			l.Serve(end) // closes it
		})
	}
}

// quiet is a subscription of which nobody wants to hear.
func quiet(s *isnstest.Server) *isns.Subscription {
	return &isns.Subscription{
		Client:  &isns.Client{Name: host1, Dial: s.Dial},
		Request: isns.Request{Server: initiator.Portal{Address: "192.0.2.1"}},
		Notify:  func() {},
		Report:  func(isns.SubscriptionState) {},
	}
}
