package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A tap is our end of a connection that breaks.
type tap struct {
	net.Conn
	read, write int   // bytes that get through
	err         error // of what comes after them
}

func (c *tap) Read(b []byte) (int, error) {
	if c.read == 0 {
		return 0, c.err
	}
	n, err := c.Conn.Read(b[:min(len(b), c.read)])
	c.read -= n
	return n, err
}

func (c *tap) Write(b []byte) (int, error) {
	if len(b) > c.write {
		return 0, c.err
	}
	c.write -= len(b)
	return c.Conn.Write(b)
}

// tapped makes d dial connections that break like tap. What was left of the last
// one is in it afterwards.
func tapped(d *initiator.Discoverer, like tap) *tap {
	dial, last := d.Dial, &like
	d.Dial = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
		nc, err := dial(ctx, source, dst)
		last.Conn = nc
		return last, err
	}
	return last
}

const plenty = 1 << 30

// slack is by how many bytes two sessions of full may differ: identifiers of
// CHAP have one to three digits.
const slack = 8

// TestCut: a connection that is closed or reset at any byte of any response is
// an error at its stage, or, once the list is complete, none.
func TestCut(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]error{
		"close": io.EOF,
		"reset": &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			length := 0
			run := func(n int) (r initiator.Result) {
				scene.Play(t, func(t *testing.T, net *iscsitest.Network, d *initiator.Discoverer) {
					target := full()
					target.NOPIn = true
					last := tapped(d, tap{read: n, write: plenty, err: end})
					r, _ = discover(t, d, withAll(scene.Portal(net, scene.Where, target)))
					length = n - last.read
				})
				return r
			}
			scene.Judge(t, run(plenty).Err, scene.Outcome{})
			whole := length
			first, last := make(map[initiator.Stage]int), make(map[initiator.Stage]int)
			for n := range whole + slack {
				r := run(n)
				stage := initiator.StageLogout
				var e *initiator.Error
				switch {
				case errors.As(r.Err, &e):
					stage = e.Stage
					scene.Judge(t, r.Err, lost(min(stage, initiator.StageDiscover)))
					if !errors.Is(r.Err, end) && !errors.Is(r.Err, io.ErrUnexpectedEOF) {
						t.Errorf("after %d bytes: %v", n, r.Err)
					}
				case len(r.Targets) != 2:
					t.Errorf("after %d bytes: %d targets, and no error", n, len(r.Targets))
				}
				if _, ok := first[stage]; !ok {
					first[stage] = n
				}
				last[stage] = n
			}
			if len(first) != 3 || first[initiator.StageLogin] != 0 ||
				last[initiator.StageLogin] > first[initiator.StageDiscover]+slack ||
				last[initiator.StageDiscover] > first[initiator.StageLogout]+slack {
				t.Errorf("stages from byte %v to byte %v", first, last)
			}
			// Of the Logout Response nothing is needed.
			if rest := whole - first[initiator.StageLogout]; rest < pdu.HeaderLen+pdu.DigestLen-slack || rest > pdu.HeaderLen+pdu.DigestLen+slack {
				t.Errorf("the last %d bytes are not needed", rest)
			}
		})
	}
}

// TestCutWhileSending: a connection that breaks while we send.
func TestCutWhileSending(t *testing.T) {
	t.Parallel()
	broken := &net.OpError{Op: "write", Net: "tcp", Err: os.NewSyscallError("write", syscall.EPIPE)}
	length := 0
	run := func(n int) (r initiator.Result) {
		scene.Play(t, func(t *testing.T, net *iscsitest.Network, d *initiator.Discoverer) {
			last := tapped(d, tap{read: plenty, write: n, err: broken})
			r, _ = discover(t, d, withAll(scene.Portal(net, scene.Where, full())))
			length = n - last.write
		})
		return r
	}
	scene.Judge(t, run(plenty).Err, scene.Outcome{})
	whole, seen := length, make(map[initiator.Stage]bool)
	for n := range whole + 1 {
		r := run(n)
		var e *initiator.Error
		if !errors.As(r.Err, &e) {
			seen[initiator.StageLogout] = true
			continue
		}
		seen[e.Stage] = true
		scene.Judge(t, r.Err, scene.Outcome{Stage: min(e.Stage, initiator.StageDiscover), Code: isdsc.SendFailed, Retry: true, Text: "broken pipe"})
	}
	if len(seen) != 3 {
		t.Errorf("stages %v", seen)
	}
}

// TestCutTCP: the same on real sockets, at each response.
func TestCutTCP(t *testing.T) {
	t.Parallel()
	for i, stage := range fullResponses {
		for name, step := range map[string]iscsitest.Step{"close": iscsitest.Close(), "reset": iscsitest.Reset()} {
			t.Run(fmt.Sprintf("%s at response %d", name, i), func(t *testing.T) {
				t.Parallel()
				server := iscsitest.Listen(t, instead(full(), i, step))
				p := withAll(scene.At(server.Addr))
				p.Login.NoCHAPFallback = true // which TestFallbackTCP is about
				r, _ := discover(t, scene.NewDiscoverer(), p)
				want := lost(stage)
				if stage == initiator.StageLogout {
					want = scene.Outcome{}
				}
				scene.Judge(t, r.Err, want)
			})
		}
	}
}
