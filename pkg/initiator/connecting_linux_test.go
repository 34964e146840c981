package initiator_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A silentPortal is a listener whose queue is full: the kernel drops each SYN.
type silentPortal struct {
	addr netip.AddrPort
	fd   int
}

func silent(t *testing.T) *silentPortal {
	t.Helper()
	return silentAt(t, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
}

func silentAt(t *testing.T, at *syscall.SockaddrInet4) *silentPortal {
	t.Helper()
	s := new(silentPortal)
	s.addr, s.fd = crowdedAt(t, at)
	for range 4 {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Close(fd) })
		if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 9}}); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Connect(fd, &syscall.SockaddrInet4{Addr: s.addr.Addr().As4(), Port: int(s.addr.Port())}); err != nil && !errors.Is(err, syscall.EINPROGRESS) {
			t.Fatal(err)
		}
	}
	return s
}

// accept takes the connections that fill the queue and the next one, which it returns.
func (s *silentPortal) accept(t *testing.T) net.Conn {
	t.Helper()
	fd, err := syscall.Dup(s.fd)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "listener")
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if from := c.RemoteAddr().(*net.TCPAddr); !from.IP.Equal(net.IPv4(127, 0, 0, 9)) {
			return c
		}
		_ = c.Close()
	}
}

// TestSilentTakesNoPlace: portals that do not answer leave the one place for a session to
// those that do, and cost no goroutine each; when the run ends each has its result.
func TestSilentTakesNoPlace(t *testing.T) {
	quiet, live := silent(t), iscsitest.Listen(t, &iscsitest.Target{Records: scene.Records("iqn.2026-11.com.example:disk")})
	const silents, lives = 200, 3
	var portals []initiator.SendTargetPortal
	for range silents {
		portals = append(portals, scene.At(quiet.addr))
	}
	for range lives {
		portals = append(portals, scene.At(live.Addr))
	}
	d := scene.NewDiscoverer()
	d.Timeout, d.Parallel, d.Connecting = time.Hour, 1, 2*silents
	d.Stages = new(initiator.Stages)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := runtime.NumGoroutine()
	var order []int
	for e := range d.Run(ctx, slices.Values(portals)) {
		done, ok := e.(initiator.PortalDone)
		if !ok {
			continue
		}
		order = append(order, done.Index)
		if len(order) == lives {
			if n := runtime.NumGoroutine() - before; n > 20 {
				t.Errorf("%d goroutines for %d silent portals", n, silents)
			}
			cancel()
		}
		switch {
		case len(order) <= lives && (done.Index < silents || done.Result.Err != nil):
			t.Fatalf("result %d is of portal %d: %v", len(order), done.Index, done.Result.Err)
		case len(order) > lives:
			wantStage(t, done.Result.Err, initiator.StageConnect, context.Canceled)
		}
	}
	if len(order) != silents+lives {
		t.Errorf("%d results, want %d", len(order), silents+lives)
	}
	if s := d.Stages; s.Begun.Load() != silents+lives || s.Done.Load() != silents+lives || s.Connected.Load() != lives || s.LoggedIn.Load() != lives || s.Targets.Load() != lives {
		t.Errorf("stages: %d begun, %d connected, %d logged in, %d done, %d targets", s.Begun.Load(), s.Connected.Load(), s.LoggedIn.Load(), s.Done.Load(), s.Targets.Load())
	}
}

// TestStageLimits: connecting, the login and each response have limits of their own, which
// a target does not stretch by sending a byte now and then.
func TestStageLimits(t *testing.T) {
	t.Parallel()
	const limit = 60 * time.Millisecond
	least := limit
	if os.Getenv("DISCOVER_TEST_SUSPEND") != "" { // the limit runs on while the attempt is suspended and nothing is measured
		least = limit / 2
	}
	drip := iscsitest.UntilGone(iscsitest.Steps(iscsitest.SendRaw([]byte{0}), func(*iscsitest.Conn) error {
		time.Sleep(limit / 8)
		return nil
	}))
	at := func(response int, step iscsitest.Step) netip.AddrPort {
		target := &iscsitest.Target{Records: scene.Records("iqn.2026-11.com.example:disk")}
		target.Respond = func(request, _ pdu.PDU) iscsitest.Step {
			if _, text := request.(*pdu.TextRequest); text == (response == 1) {
				return step
			}
			return nil
		}
		return iscsitest.Listen(t, target).Addr
	}
	for _, test := range []struct {
		name  string
		addr  netip.AddrPort
		set   func(*initiator.Discoverer)
		stage initiator.Stage
	}{
		{"connect", silent(t).addr, func(d *initiator.Discoverer) { d.ConnectTimeout = limit }, initiator.StageConnect},
		{"login", at(0, iscsitest.Silence()), func(d *initiator.Discoverer) { d.LoginTimeout = limit }, initiator.StageLogin},
		{"login, drop by drop", at(0, drip), func(d *initiator.Discoverer) { d.LoginTimeout = limit }, initiator.StageLogin},
		{"response", at(1, iscsitest.Silence()), func(d *initiator.Discoverer) { d.ResponseTimeout = limit }, initiator.StageDiscover},
		{"response, drop by drop", at(1, drip), func(d *initiator.Discoverer) { d.ResponseTimeout = limit }, initiator.StageDiscover},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := scene.NewDiscoverer()
			d.Timeout = time.Hour
			test.set(d)
			_, err := d.Discover(t.Context(), scene.At(test.addr))
			wantLimit(t, err, test.stage, limit)
			for e := range d.Run(t.Context(), slices.Values(slices.Repeat([]initiator.SendTargetPortal{scene.At(test.addr)}, 2))) {
				r := e.(initiator.PortalDone).Result
				wantLimit(t, r.Err, test.stage, limit)
				took := map[initiator.Stage]time.Duration{initiator.StageConnect: r.Phases.Connect, initiator.StageLogin: r.Phases.Login, initiator.StageDiscover: r.Phases.Discover}
				if phase := took[test.stage]; phase < least || phase > r.Elapsed {
					t.Errorf("of %s the phase took %s: %+v", r.Elapsed, phase, r.Phases)
				}
			}
		})
	}
}

func wantLimit(t *testing.T, err error, stage initiator.Stage, limit time.Duration) {
	t.Helper()
	var late *initiator.TimeoutError
	if wantStage(t, err, stage, context.DeadlineExceeded); !errors.As(err, &late) || late.Limit != limit {
		t.Errorf("got %v, want a limit of %s", err, limit)
	}
}

// TestSuspendedPlan: what the administrator says of a portal while its connection is in
// progress counts: a connection in clear is closed, and nothing was sent on it.
func TestSuspendedPlan(t *testing.T) {
	t.Parallel()
	quiet := silent(t)
	calls := 0
	d := scene.NewDiscoverer()
	d.Rules = rules(func(_ context.Context, to netip.AddrPort) (ipsec.Existing, []ipsec.Existing, error) {
		if to != quiet.addr {
			return ipsec.Existing{}, nil, nil
		}
		if calls++; calls == 1 {
			return ipsec.Existing{}, nil, nil
		}
		return ipsec.Existing{Kind: ipsec.ExistingRule, Name: "a new rule", Flags: ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport}, nil, nil
	})
	d.Timeout, d.Connecting, d.Parallel = time.Hour, 8, 1
	ended := make(chan error, 1)
	// The one worker comes to the second portal when the first was suspended.
	second, suspended := scene.At(refusing(t)), make(chan struct{})
	go func() {
		for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{scene.At(quiet.addr), second})) {
			if done := e.(initiator.PortalDone); done.Index == 1 {
				close(suspended)
			} else {
				ended <- done.Result.Err
			}
		}
	}()
	<-suspended
	c := quiet.accept(t) // the kernel sends the SYN again after a second
	defer c.Close()
	if n, err := c.Read(make([]byte, pdu.HeaderLen)); n > 0 || err == nil {
		t.Errorf("%d bytes were sent in clear", n)
	}
	wantStage(t, <-ended, initiator.StageSecure, nil)
}

// refusing returns an address that refuses connections.
func refusing(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// rules are a registry with one policy.
type rules initiator.PolicyFunc

func (r rules) Apply(_ *initiator.Discoverer, j *initiator.Request) {
	j.Policy = initiator.PolicyFunc(r)
}

func (r rules) RequestThere(_ context.Context, j initiator.Request, _ netip.AddrPort) (initiator.Request, error) {
	return j, nil
}

// wantStage checks the stage of an error, and what it wraps.
func wantStage(t *testing.T, err error, stage initiator.Stage, wraps error) {
	t.Helper()
	var e *initiator.Error
	if !errors.As(err, &e) || e.Stage != stage || wraps != nil && !errors.Is(err, wraps) {
		t.Errorf("got %v, want a failure of %s that is %v", err, stage, wraps)
	}
}

// TestSuspendedName: an address of a name that is silent does not keep the next one
// from being asked, and the name is looked up once.
func TestSuspendedName(t *testing.T) {
	t.Parallel()
	live := iscsitest.ListenOn(t, netip.MustParseAddr("127.0.0.1"), &iscsitest.Target{Records: scene.Records("iqn.2026-11.com.example:disk")})
	quiet := silentAt(t, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 2}, Port: int(live.Addr.Port())}).addr.Addr()
	lookups := make(chan struct{}, 100)
	d := scene.NewDiscoverer()
	d.Lookup = func(context.Context, string) ([]netip.Addr, error) {
		lookups <- struct{}{}
		return []netip.Addr{quiet, live.Addr.Addr()}, nil
	}
	d.ConnectTimeout = 50 * time.Millisecond
	p := scene.At(live.Addr)
	p.Portal.Address = "array.example"
	const n = 3
	done := 0
	for e := range d.Run(t.Context(), slices.Values(slices.Repeat([]initiator.SendTargetPortal{p}, n))) {
		if e, ok := e.(initiator.PortalDone); ok {
			if done++; e.Result.Err != nil || e.Result.Address != live.Addr || scene.Warned(e.Result, initiator.WarnEarlierAddress) != 1 {
				t.Errorf("got %v at %s, %v", e.Result.Err, e.Result.Address, e.Result.Warnings)
			}
		}
	}
	if done != n || len(lookups) != n {
		t.Errorf("%d results, %d lookups, want %d each", done, len(lookups), n)
	}
}

// A disagreeing enforcer agrees on no proposal.
type disagreeing struct{ asked atomic.Int64 }

func (e *disagreeing) Means() ipsec.Means { return (&scene.FakeEnforcer{}).Means() }

func (e *disagreeing) Existing(context.Context, netip.Addr, netip.AddrPort) (ipsec.Existing, error) {
	return ipsec.Existing{}, nil
}

func (e *disagreeing) Dialer(context.Context, enforce.Request) (enforce.Dialer, error) {
	e.asked.Add(1)
	return e, nil
}

func (e *disagreeing) DialContext(context.Context) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("no proposal chosen")}
}

func (e *disagreeing) Proof(context.Context) (enforce.Proof, error) { return enforce.Proof{}, nil }

func (e *disagreeing) Close() error { return nil }

// TestSuspendedProtected: a portal that was to be protected at one of its addresses is not
// begun again for a slow connection to another one: its first address would be asked a
// second time, and in clear where the rule is gone by then.
func TestSuspendedProtected(t *testing.T) {
	t.Parallel()
	live := iscsitest.Listen(t, &iscsitest.Target{Records: scene.Records("iqn.2026-11.com.example:disk")})
	quiet := silentAt(t, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 3}, Port: int(live.Addr.Port())})
	var looks atomic.Int64
	e := new(disagreeing)
	d := scene.NewDiscoverer()
	d.Enforcer, d.PSK = e, scene.GroupKey
	d.ConnectTimeout, d.Parallel, d.Connecting = 100*time.Millisecond, 2, 8
	d.Lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{live.Addr.Addr(), quiet.addr.Addr()}, nil
	}
	d.Rules = rules(func(_ context.Context, to netip.AddrPort) (ipsec.Existing, []ipsec.Existing, error) {
		if to == live.Addr && looks.Add(1) == 1 {
			return ipsec.Existing{Kind: ipsec.ExistingRule, Name: "a rule", Flags: ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport}, nil, nil
		}
		return ipsec.Existing{}, nil, nil
	})
	p := scene.WithCHAP(scene.At(live.Addr), scene.CHAPUser, scene.CHAPSecret)
	p.Portal.Address = "array.example"
	for ev := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{p})) {
		wantStage(t, ev.(initiator.PortalDone).Result.Err, initiator.StageConnect, context.DeadlineExceeded)
	}
	if n := e.asked.Load(); n != 1 {
		t.Errorf("%d connections under IPsec, want 1", n)
	}
	if n := len(live.Sessions()); n > 0 {
		t.Errorf("%d connections in clear to the address that was to be protected", n)
	}
}
