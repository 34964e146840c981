package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// lost is the outcome of a connection that brings nothing more.
func lost(stage initiator.Stage) scene.Outcome {
	return scene.Outcome{Stage: stage, Code: isdsc.TransportError, Retry: true}
}

// TestSilence: wherever a target falls silent, it costs the timeout and no more;
// after the list it costs a second, and not the result.
func TestSilence(t *testing.T) {
	t.Parallel()
	for i, stage := range fullResponses {
		t.Run(fmt.Sprintf("%s, response %d", stage, i), func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				r, took := discover(t, d, withAll(scene.Portal(n, scene.Where, instead(full(), i, iscsitest.Silence()))))
				want, wantTook := lost(stage), d.Timeout
				want.Text = "no answer within 10s"
				if stage == initiator.StageLogout {
					want, wantTook = scene.Outcome{}, time.Second
				}
				if scene.Judge(t, r.Err, want); took != wantTook {
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
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			r, took := discover(t, d, scene.Portal(n, scene.Where))
			scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageConnect, Code: isdsc.ConnectionFailed, Retry: true, Text: "firewalls"})
			if took != d.Timeout || r.Elapsed != d.Timeout {
				t.Errorf("it took %s, elapsed %s", took, r.Elapsed)
			}
		})
	})
	t.Run("resolve", func(t *testing.T) {
		t.Parallel()
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Lookup = func(ctx context.Context, _ string) ([]netip.Addr, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			r, took := discover(t, d, initiator.SendTargetPortal{Portal: initiator.Portal{Address: "array.example", Port: 3260}})
			scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageResolve, Code: isdsc.DNSNameUnresolved, Retry: true})
			if took != d.Timeout {
				t.Errorf("it took %s", took)
			}
		})
	})
}

// TestNoNegativeShare (issue 13, 20): where a lookup or a connection takes longer than
// the portal's time, since it does not heed its context, what is left for the rest is
// nothing, and never less: nothing more is asked, and the error says how long it took.
func TestNoNegativeShare(t *testing.T) {
	t.Parallel()
	for name, slow := range map[string]func(d *initiator.Discoverer){
		"lookup": func(d *initiator.Discoverer) {
			d.Lookup = func(context.Context, string) ([]netip.Addr, error) {
				time.Sleep(20 * time.Second)
				return []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}, nil
			}
		},
		"connect": func(d *initiator.Discoverer) {
			d.Lookup = func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}, nil
			}
			d.Dial = func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
				time.Sleep(20 * time.Second)
				return nil, syscall.ECONNREFUSED
			}
		},
	} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.Timeout = 15 * time.Second
			slow(d)
			start := time.Now()
			r, err := d.Discover(t.Context(), initiator.SendTargetPortal{Portal: initiator.Portal{Address: "array.example", Port: 3260}})
			if err == nil || strings.Contains(err.Error(), "within -") || strings.Contains(err.Error(), "within 0s") {
				t.Errorf("%s: got %v", name, err)
			}
			if name == "lookup" && !strings.Contains(err.Error(), "resolve array.example:3260: no answer within 15s") {
				t.Errorf("%s: got %v", name, err)
			}
			if took := time.Since(start); took != 20*time.Second || len(n.Dials()) != 0 || len(r.Warnings) != 0 {
				t.Errorf("%s: it took %v, with %d connections and warnings %v", name, took, len(n.Dials()), r.Warnings)
			}
		})
	}
}
