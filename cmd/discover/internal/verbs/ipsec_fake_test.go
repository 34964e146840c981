package verbs

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// A fakeEnforcer connects in clear text, and proves what it is told to.
type fakeEnforcer struct {
	dial     func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error)
	existing ipsec.Existing

	mu     sync.Mutex // guards what follows during a run, which may ask from many ports
	looked int
	asked  []enforce.Request
}

func (e *fakeEnforcer) Existing(context.Context, netip.Addr, netip.AddrPort) (ipsec.Existing, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.looked++
	return e.existing, nil
}

func (e *fakeEnforcer) Announce(_ context.Context, s enforce.Request) (string, error) {
	if err := s.Check(e.Means()); err != nil {
		return "", err
	}
	return "fake", nil
}

func (e *fakeEnforcer) Means() ipsec.Means {
	return ipsec.Means{Enforcer: "fake", Can: ipsec.FlagIKE | ipsec.FlagMain | ipsec.FlagPFS | ipsec.FlagTransport | ipsec.FlagTunnel}
}

func (e *fakeEnforcer) Dialer(_ context.Context, s enforce.Request) (enforce.Dialer, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, s)
	return &fakeDialer{e, s}, nil
}

type fakeDialer struct {
	e *fakeEnforcer
	s enforce.Request
}

func (d *fakeDialer) DialContext(ctx context.Context) (net.Conn, error) {
	return d.e.dial(ctx, d.s.Source, d.s.Portal)
}

func (d *fakeDialer) Proof(context.Context) (enforce.Proof, error) {
	return enforce.Proof{
		Enforcer: "fake", Mode: d.s.Plan.Mode.String(), Exchange: d.s.Plan.Exchange.String(),
		Algorithms: []string{"ike AES_CBC-256", "esp AES_CBC-256 HMAC_SHA2_256_128"}, SPIs: []uint32{0xc0ffee01, 0xc0ffee02}, BytesOut: 724, BytesIn: 1020,
	}, nil
}

func (d *fakeDialer) Close() error { return nil }

// newIPsecLab is a lab with an enforcer and a portal.
func newIPsecLab(t *testing.T) (*lab, *fakeEnforcer) {
	l := newLab(t)
	e := &fakeEnforcer{dial: l.Dial}
	l.enforcer = e
	l.env["PSK"] = "a key"
	l.Portal("192.0.2.10:3260", twoTargets())
	return l, e
}
