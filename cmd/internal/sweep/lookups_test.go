package sweep

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestLookups (issue 13, 20): each name is looked up once, no portal waits for another
// name, and a caller waits no longer than its own context: the others get the answer
// all the same.
func TestLookups(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // guards asked
		asked := make(map[string]int)
		answer := []netip.Addr{netip.MustParseAddr("192.0.2.10")}
		names := &lookups{
			limit: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, time.Minute)
			},
			find: func(ctx context.Context, host string) ([]netip.Addr, error) {
				mu.Lock()
				asked[host]++
				mu.Unlock()
				switch host {
				case "slow":
					time.Sleep(10 * time.Second)
				case "dead":
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return answer, nil
			},
		}
		gone := errors.New("the caller's time is over")
		for range 3 {
			for _, tt := range []struct {
				host  string
				limit time.Duration
				after time.Duration // when the caller has its answer
				err   error
			}{
				{"quick", time.Second, 0, nil},
				{"slow", time.Second, time.Second, gone},
				{"slow", 20 * time.Second, 10 * time.Second, nil},
				{"dead", 30 * time.Second, 30 * time.Second, gone},
				{"dead", 2 * time.Minute, time.Minute, context.DeadlineExceeded},
			} {
				go func() {
					start := time.Now()
					ctx, cancel := context.WithTimeoutCause(t.Context(), tt.limit, gone)
					defer cancel()
					addrs, err := names.lookup(ctx, tt.host)
					if !errors.Is(err, tt.err) || (err == nil) != (len(addrs) == 1) || time.Since(start) != tt.after {
						t.Errorf("%s within %v: got %v, %v after %v, want %v after %v", tt.host, tt.limit, addrs, err, time.Since(start), tt.err, tt.after)
					}
				}()
			}
		}
		time.Sleep(2 * time.Minute)
		mu.Lock()
		for host, times := range asked {
			if times != 1 {
				t.Errorf("%s was looked up %d times", host, times)
			}
		}
		mu.Unlock()
		// What a lookup came to stays, also for a caller that came late.
		if _, err := names.lookup(t.Context(), "dead"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		if asked["dead"] != 1 {
			t.Errorf("%d lookups", asked["dead"])
		}
	})
}
