package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A hold is a place at which a discovery stands still, and what its stage is
// there. Scenes panic where a goroutine is left, and fail where a connection is.
type hold struct {
	name   string
	stage  initiator.Stage
	portal func(n *iscsitest.Network, d *initiator.Discoverer) initiator.SendTargetPortal
}

func holds() []hold {
	all := []hold{
		{name: "resolve", stage: initiator.StageResolve, portal: func(_ *iscsitest.Network, d *initiator.Discoverer) initiator.SendTargetPortal {
			d.Lookup = func(ctx context.Context, _ string) ([]netip.Addr, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return named
		}},
		{name: "connect", stage: initiator.StageConnect, portal: func(n *iscsitest.Network, _ *initiator.Discoverer) initiator.SendTargetPortal {
			return scene.Portal(n, scene.Where)
		}},
		{name: "connect to the second address", stage: initiator.StageConnect, portal: func(n *iscsitest.Network, d *initiator.Discoverer) initiator.SendTargetPortal {
			d.Lookup = scene.Lookup("192.0.2.9", "192.0.2.1", "192.0.2.2")
			n.Portal(scene.Where)
			n.Portal("192.0.2.2:3260", &iscsitest.Target{})
			return named
		}},
		{name: "write", stage: initiator.StageLogin, portal: func(n *iscsitest.Network, _ *initiator.Discoverer) initiator.SendTargetPortal {
			return scene.Portal(n, scene.Where, iscsitest.Script{iscsitest.Delay(time.Hour), iscsitest.Close()})
		}},
		{name: "redirected", stage: initiator.StageLogin, portal: func(n *iscsitest.Network, _ *initiator.Discoverer) initiator.SendTargetPortal {
			n.Portal("192.0.2.2:3260", iscsitest.Script{iscsitest.Silence()})
			return scene.Portal(n, scene.Where, scene.Sends("192.0.2.2"))
		}},
	}
	for i, stage := range fullResponses {
		all = append(all, hold{name: fmt.Sprintf("response %d", i), stage: stage, portal: func(n *iscsitest.Network, _ *initiator.Discoverer) initiator.SendTargetPortal {
			return withAll(scene.Portal(n, scene.Where, instead(full(), i, iscsitest.Silence())))
		}})
	}
	return all
}

// TestCancelEverywhere: a context that ends stops a discovery at once, wherever
// it stands.
func TestCancelEverywhere(t *testing.T) {
	t.Parallel()
	const after = 300 * time.Millisecond
	for _, h := range holds() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				ctx, cancel := context.WithCancel(t.Context())
				p := h.portal(n, d)
				time.AfterFunc(after, cancel)
				start := time.Now()
				r, err := d.Discover(ctx, p)
				if took := time.Since(start); took != after {
					t.Errorf("it took %s", took)
				}
				scene.JudgeResult(t, r)
				if h.stage == initiator.StageLogout {
					scene.Judge(t, err, scene.Outcome{})
					return
				}
				if scene.Judge(t, err, scene.Outcome{Stage: h.stage, Code: isdsc.Win32Cancelled}); !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

// TestDeadlineEverywhere: so does the deadline of a context.
func TestDeadlineEverywhere(t *testing.T) {
	t.Parallel()
	for _, h := range holds() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				start := time.Now()
				_, err := d.Discover(ctx, h.portal(n, d))
				if took := time.Since(start); took != 300*time.Millisecond {
					t.Errorf("it took %s", took)
				}
				if late := errors.Is(err, context.DeadlineExceeded); late != (h.stage != initiator.StageLogout) {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

// TestLeaveEverywhere: leaving the loop of Run stops what is under way at
// once, wherever it stands.
func TestLeaveEverywhere(t *testing.T) {
	t.Parallel()
	const good = "192.0.2.77:3260"
	for _, h := range holds() {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				portals := []initiator.SendTargetPortal{h.portal(n, d), scene.Portal(n, good, &iscsitest.Target{})}
				start := time.Now()
				for e := range d.Run(t.Context(), slices.Values(portals)) {
					if done, ok := e.(initiator.PortalDone); ok && done.Index == 1 {
						synctest.Wait() // the other stands where it shall
						break
					}
				}
				if took := time.Since(start); took != 0 {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// A lazy connection takes its time to take a deadline that lies ahead.
type lazy struct{ net.Conn }

func (c lazy) SetDeadline(t time.Time) error {
	if time.Until(t) > 0 {
		time.Sleep(time.Millisecond)
	}
	return c.Conn.SetDeadline(t)
}

// TestLeaveAtLogout: the moment in which a portal is done and goes on to the
// logout is no exception.
func TestLeaveAtLogout(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := scene.Portal(n, scene.Where, &iscsitest.Target{NoLogout: true})
		d.Dial = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
			nc, err := n.Dial(ctx, source, dst)
			return lazy{nc}, err
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		start := time.Now()
		for range d.Run(ctx, slices.Values([]initiator.SendTargetPortal{p})) {
			cancel()
		}
		if took := time.Since(start); took > time.Millisecond {
			t.Fatalf("it took %s", took)
		}
	})
}

// TestCancelled: a context that has ended already sends nothing.
func TestCancelled(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p := scene.Portal(n, scene.Where, &iscsitest.Target{})
		r, err := d.Discover(ctx, p)
		scene.Judge(t, err, scene.Outcome{Stage: initiator.StageValidate, Code: isdsc.Win32Cancelled})
		if r.Asked.Portal != p.Portal || len(n.Dials()) != 0 {
			t.Errorf("result %+v, dials %v", r, n.Dials())
		}
	})
}

// TestPanic: a consumer that panics leaves nothing behind either.
func TestPanic(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		portals := []initiator.SendTargetPortal{
			scene.Portal(n, scene.Where, iscsitest.Script{iscsitest.Silence()}), scene.Portal(n, "192.0.2.2:3260", &iscsitest.Target{}),
		}
		start := time.Now()
		defer func() {
			if recover() == nil || time.Since(start) != 0 {
				t.Errorf("no panic, or after %s", time.Since(start))
			}
		}()
		for range d.Run(t.Context(), slices.Values(portals)) {
			panic("consumer")
		}
	})
}

// TestDialIgnoresContext: a Dial that comes back late, after all was cancelled,
// has its connection closed.
func TestDialIgnoresContext(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := scene.Portal(n, scene.Where, iscsitest.Script{iscsitest.Silence()})
		d.Dial = func(_ context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
			time.Sleep(time.Minute)
			return n.Dial(context.Background(), source, dst)
		}
		r, took := discover(t, d, p)
		if r.Err == nil || took != time.Minute {
			t.Errorf("after %s: %v", took, r.Err)
		}
	})
}
