package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/iscsitest"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// lost is the outcome of a connection that brings nothing more.
func lost(stage initiator.Stage) outcome {
	return outcome{stage: stage, code: initiator.CodeTransportError, retry: true}
}

// TestSilence: wherever a target falls silent, it costs the timeout and no more;
// after the list it costs a second, and not the result.
func TestSilence(t *testing.T) {
	t.Parallel()
	for i, stage := range fullResponses {
		t.Run(fmt.Sprintf("%s, response %d", stage, i), func(t *testing.T) {
			t.Parallel()
			scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				r, took := discover(t, d, withAll(portal(n, where, instead(full(), i, iscsitest.Silence()))))
				want, wantTook := lost(stage), d.Timeout
				want.text = "no answer within 10s"
				if stage == initiator.StageLogout {
					want, wantTook = outcome{}, time.Second
				}
				if judge(t, r.Err, want); took != wantTook {
					t.Errorf("it took %s, want %s", took, wantTook)
				}
				if r.Err != nil && !errors.Is(r.Err, context.DeadlineExceeded) {
					t.Errorf("%v is no context.DeadlineExceeded", r.Err)
				}
			})
		})
	}
	t.Run("connect", func(t *testing.T) {
		t.Parallel()
		scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			r, took := discover(t, d, portal(n, where))
			judge(t, r.Err, outcome{stage: initiator.StageConnect, code: initiator.CodeConnectionFailed, retry: true, text: "firewalls"})
			if took != d.Timeout || r.Elapsed != d.Timeout {
				t.Errorf("it took %s, elapsed %s", took, r.Elapsed)
			}
		})
	})
	t.Run("resolve", func(t *testing.T) {
		t.Parallel()
		scene(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Lookup = func(ctx context.Context, _ string) ([]netip.Addr, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			r, took := discover(t, d, initiator.SendTargetPortal{Portal: initiator.Portal{Address: "array.example", Port: 3260}})
			judge(t, r.Err, outcome{stage: initiator.StageResolve, code: initiator.CodeDNSNameUnresolved, retry: true})
			if took != d.Timeout {
				t.Errorf("it took %s", took)
			}
		})
	})
}
