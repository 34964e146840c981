package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// fewDescriptors makes connections fail beyond a number.
type fewDescriptors struct {
	most int
	dial func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error)

	mu   sync.Mutex // guards the following
	open int
	lack int // how often there was none
}

func (f *fewDescriptors) connect(ctx context.Context, src netip.Addr, dst netip.AddrPort) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == f.most {
		f.lack++
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("socket", syscall.EMFILE)}
	}
	nc, err := f.dial(ctx, src, dst)
	if err == nil {
		f.open++
		nc = &descriptor{Conn: nc, give: sync.OnceFunc(func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.open--
		})}
	}
	return nc, err
}

type descriptor struct {
	net.Conn
	give func()
}

func (d *descriptor) Close() error {
	defer d.give()
	return d.Conn.Close()
}

// TestFewDescriptors: with fewer descriptors than portals may be asked at once, a
// run takes its time, and no portal fails; with none at all each fails.
func TestFewDescriptors(t *testing.T) {
	t.Parallel()
	for _, most := range []int{0, 1, 3} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				f := &fewDescriptors{most: most, dial: d.Dial}
				d.Dial = f.connect
				var portals []initiator.SendTargetPortal
				for i := range 200 {
					addr := fmt.Sprintf("10.0.0.%d:3260", i+1)
					if most == 0 {
						portals = append(portals, scene.Portal(n, addr))
						continue
					}
					portals = append(portals, scene.Portal(n, addr, &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk"}}}))
				}
				for e := range d.Run(t.Context(), slices.Values(portals)) {
					done, ok := e.(initiator.PortalDone)
					if !ok {
						continue
					}
					if err := done.Result.Err; most > 0 && err != nil || most == 0 && !errors.Is(err, syscall.EMFILE) {
						t.Errorf("portal %d: %v", done.Index, err)
					}
				}
				if f.lack == 0 || f.open != 0 {
					t.Errorf("%d times there was none; %d are left open", f.lack, f.open)
				}
			})
		})
	}
}

// TestCancelledForDescriptor: portals that wait for a descriptor when the run ends fail
// with the end of the run.
func TestCancelledForDescriptor(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		f := &fewDescriptors{most: 1, dial: d.Dial}
		d.Dial = f.connect
		const all = 20
		portals := slices.Repeat([]initiator.SendTargetPortal{scene.Portal(n, scene.Where, iscsitest.Script{iscsitest.Silence()})}, all)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		stages := make(map[initiator.Stage]int)
		for e := range d.Run(ctx, slices.Values(portals)) {
			var at *initiator.Error
			if err := e.(initiator.PortalDone).Result.Err; !errors.As(err, &at) || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("got %v, want the end of the run", err)
			}
			stages[at.Stage]++
		}
		if stages[initiator.StageConnect] != all-1 || stages[initiator.StageLogin] != 1 {
			t.Errorf("they fail at %v", stages)
		}
	})
}
