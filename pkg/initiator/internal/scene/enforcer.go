package scene

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// Protected returns the portals that an enforcer made connections to.
func (e *FakeEnforcer) Protected() (to []string) {
	for _, s := range e.Asked {
		to = append(to, s.Portal.String())
	}
	return to
}

// Announce makes a FakeEnforcer an enforce.Announcer.
func (e *FakeEnforcer) Announce(_ context.Context, s enforce.Request) (string, error) {
	if s.Plan.InPlace() {
		return "the system", nil
	}
	if err := s.Check(e.Means()); err != nil {
		return "", err
	}
	return "fake", nil
}

// A FakeEnforcer connects in clear text and says what it was told.
type FakeEnforcer struct {
	Found      ipsec.Existing
	Aggressive bool // it can
	NoBytes    bool // the proof fails
	Network    *iscsitest.Network

	mu    sync.Mutex // guards Asked during a run
	Asked []enforce.Request
}

// Means are those of a FakeEnforcer: aggressive mode only where it is allowed.
func (e *FakeEnforcer) Means() ipsec.Means {
	m := ipsec.Means{Enforcer: "fake", Can: ipsec.FlagIKE | ipsec.FlagMain | ipsec.FlagPFS | ipsec.FlagTransport | ipsec.FlagTunnel}
	if e.Aggressive {
		m.Can |= ipsec.FlagAggressive
	}
	return m
}

func (e *FakeEnforcer) Existing(context.Context, netip.Addr, netip.AddrPort) (ipsec.Existing, error) {
	return e.Found, nil
}

func (e *FakeEnforcer) Dialer(_ context.Context, s enforce.Request) (enforce.Dialer, error) {
	if err := s.Check(e.Means()); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Asked = append(e.Asked, s)
	return &fakeDialer{e: e, s: s}, nil
}

type fakeDialer struct {
	e *FakeEnforcer
	s enforce.Request
}

func (d *fakeDialer) DialContext(ctx context.Context) (net.Conn, error) {
	return d.e.Network.Dial(ctx, d.s.Source, d.s.Portal)
}

func (d *fakeDialer) Proof(context.Context) (enforce.Proof, error) {
	if d.e.NoBytes {
		return enforce.Proof{}, fmt.Errorf("not one byte was protected")
	}
	return enforce.Proof{Enforcer: "fake", BytesIn: 1, BytesOut: 1}, nil
}

func (d *fakeDialer) Close() error { return nil }

// GroupKey is a key for everybody.
func GroupKey(context.Context, ports.Port, enforce.Peer) (enforce.PSK, bool, error) {
	return enforce.PSK{Secret: auth.NewSecret([]byte("k"))}, true, nil
}

func PSK(s string) auth.Secret { return auth.NewSecret([]byte(s)) }
