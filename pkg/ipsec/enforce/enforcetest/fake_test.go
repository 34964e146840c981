package enforcetest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce/enforcetest"
)

// A fault is a promise that an enforcer breaks; empty: it keeps them all.
type fault string

// A fake is an enforcer that has a system, a peer and a wire in memory.
type fake struct {
	fault   fault
	source  netip.Addr
	portal  netip.AddrPort
	silent  netip.AddrPort
	key     string
	inPlace bool
	noESP   bool
	can     ipsec.Flags

	mu        sync.Mutex
	left      enforcetest.Left // guarded by mu, as what follows
	installed []string
	spi       uint32
	open      []*fakeDialer
}

func newFake(f fault) *fake {
	return &fake{
		fault: f, source: netip.MustParseAddr("192.0.2.1"), portal: netip.MustParseAddrPort("192.0.2.10:3260"),
		silent: netip.MustParseAddrPort("192.0.2.99:3260"), key: "the key of both",
		can: ipsec.FlagIKE | ipsec.FlagMain | ipsec.FlagAggressive | ipsec.FlagTransport | ipsec.FlagTunnel,
	}
}

// setup returns the Setup of a fake, whose peer is ready for two plans.
func (f *fake) setup() enforcetest.Setup {
	s := enforcetest.Setup{
		Enforcer: f, Source: f.source, Portal: f.portal, Outer: netip.MustParseAddr("192.0.2.9"), Device: "eth0", Silent: f.silent,
		Key:   enforce.PSK{Secret: auth.NewSecret([]byte(f.key))},
		Flags: []ipsec.Flags{ipsec.FlagMain | ipsec.FlagTransport, ipsec.FlagAggressive | ipsec.FlagTunnel}, InPlace: f.inPlace, NoESP: f.noESP,
		Left: func() enforcetest.Left {
			f.mu.Lock()
			defer f.mu.Unlock()
			return enforcetest.Left{Packets: f.left.Packets, Clear: slices.Clone(f.left.Clear)}
		},
		Installed: func(testing.TB) []string {
			f.mu.Lock()
			defer f.mu.Unlock()
			return slices.Clone(f.installed)
		},
		Lose: func(testing.TB) { f.lose() },
	}
	if f.can == 0 {
		s.Flags = nil
	}
	return s
}

// send notes a packet that leaves.
func (f *fake) send(text string, protected bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left.Packets++
	if !protected {
		f.left.Clear = append(f.left.Clear, text)
	}
}

func (f *fake) install(item string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.installed = append(f.installed, item)
}

func (f *fake) remove(item string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.Index(f.installed, item); i >= 0 {
		f.installed = slices.Delete(f.installed, i, i+1)
	}
}

// lose ends the associations of all connections.
func (f *fake) lose() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range f.open {
		d.lost = true
		if f.fault != "goes on in clear text" && d.conn != nil {
			d.conn.Close()
		}
	}
}

func (f *fake) Means() ipsec.Means {
	m := ipsec.Means{Enforcer: "fake", Can: f.can}
	if f.fault == "means less" {
		m.Can &^= ipsec.FlagAggressive
	}
	return m
}

func (f *fake) Existing(_ context.Context, src netip.Addr, _ netip.AddrPort) (ipsec.Existing, error) {
	if f.inPlace && (f.fault != "forms" || !src.Is4In6()) {
		return ipsec.Existing{Kind: ipsec.ExistingProtection, Name: "of the system", Flags: ipsec.FlagValid | ipsec.FlagTransport}, nil
	}
	if f.fault == "forms" && src.Is4In6() {
		return ipsec.Existing{Kind: ipsec.ExistingPartial}, nil
	}
	return ipsec.Existing{}, nil
}

func (f *fake) Announce(_ context.Context, s enforce.Request) (string, error) {
	if err := s.Check(f.Means()); err != nil {
		return "", err
	}
	switch f.fault {
	case "announces another":
		return "another", nil
	case "announces by a packet":
		f.send("probe", true)
	case "announces by setting up":
		f.install("announced")
	}
	return "fake", nil
}

func (f *fake) Dialer(ctx context.Context, s enforce.Request) (enforce.Dialer, error) {
	if err := s.Check(f.Means()); err != nil {
		switch f.fault {
		case "refuses late":
			f.send("first message of IKE", true)
		case "refuses without a type":
			return nil, errors.New("no")
		case "refuses nothing":
			return &fakeDialer{f: f, s: s}, nil
		}
		return nil, err
	}
	d := &fakeDialer{f: f, s: s}
	if s.Plan.InPlace() {
		if !f.inPlace && f.fault != "believes that it is in place" {
			return nil, &ipsec.ConfigureError{Reason: "it is gone"}
		}
		return d, nil
	}
	if err := d.negotiate(ctx); err != nil {
		if f.fault != "leaves after a failure" {
			f.remove(d.item)
		}
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.spi += 2; f.fault == "shares associations" {
		f.spi = 2
	}
	d.spi = f.spi
	f.open = append(f.open, d)
	return d, nil
}

// A fakeDialer is one connection of a fake.
type fakeDialer struct {
	f    *fake
	s    enforce.Request
	item string
	spi  uint32
	conn net.Conn // guarded by f.mu
	lost bool     // guarded by f.mu
	used bool
}

// negotiate agrees with the peer on keys.
func (d *fakeDialer) negotiate(ctx context.Context) error {
	f := d.f
	if ctx.Err() != nil {
		return failed(context.Cause(ctx))
	}
	d.item = fmt.Sprintf("connection %p", d)
	f.install(d.item)
	f.send("IKE", true)
	if d.s.Peer() == f.silent.Addr() {
		if f.fault == "does not end" {
			select {}
		}
		<-ctx.Done()
		if f.fault == "leaves when it is ended" {
			f.install("what was half done")
		}
		return failed(context.Cause(ctx))
	}
	key := string(d.s.PSK.Secret.Reveal())
	switch {
	case key != f.key && f.fault == "tells the key":
		return failed(fmt.Errorf("the peer does not take %q", key))
	case key != f.key && f.fault == "tells the key within":
		return &ipsec.ConfigureError{Reason: "the peer has another key", Err: fmt.Errorf("load %s", key)}
	case key != f.key && f.fault == "falls back to clear text":
		f.send("SYN", false)
		return failed(errors.New("the peer has another key"))
	case key != f.key:
		return failed(errors.New("the peer has another key"))
	case f.noESP:
		return failed(errors.New("no ESP"))
	}
	return nil
}

func failed(err error) error { return &ipsec.ConfigureError{Reason: err.Error(), Err: err} }

func (d *fakeDialer) DialContext(ctx context.Context) (net.Conn, error) {
	f := d.f
	if f.fault == "first packet in clear text" {
		f.send("SYN", false)
	}
	if f.noESP {
		return nil, failed(errors.New("no ESP"))
	}
	if d.s.Device == "nosuchdevice" && f.fault != "any interface" {
		return nil, os.ErrNotExist
	}
	if f.fault == "forms" && d.s.Source.Is4In6() {
		return nil, os.ErrInvalid
	}
	if d.s.Portal.Addr().Unmap() == f.silent.Addr() {
		<-ctx.Done()
	}
	if ctx.Err() != nil && f.fault != "dials although it was ended" {
		return nil, context.Cause(ctx)
	}
	near, far := net.Pipe()
	go func() {
		b := make([]byte, 64)
		for {
			n, err := far.Read(b)
			if err != nil {
				return
			}
			_, _ = far.Write(b[:n])
		}
	}()
	f.mu.Lock()
	defer f.mu.Unlock()
	d.conn, d.used = near, true
	f.open = append(f.open, d)
	return &fakeConn{Conn: near, d: d}, nil
}

func (d *fakeDialer) Proof(context.Context) (enforce.Proof, error) {
	d.f.mu.Lock()
	defer d.f.mu.Unlock()
	if !d.used && d.f.fault != "proves what was not used" {
		return enforce.Proof{}, failed(errors.New("no bytes"))
	}
	p := enforce.Proof{
		Enforcer: "fake", Mode: d.s.Plan.Mode.String(), Exchange: d.s.Plan.Exchange.String(),
		Algorithms: []string{"esp AES"}, SPIs: []uint32{d.spi + 1, d.spi + 2}, BytesOut: 1, BytesIn: 1,
	}
	switch d.f.fault {
	case "proves another mode":
		p.Mode = "another"
	case "proves another exchange":
		p.Exchange = "another"
	case "proves no bytes":
		p.BytesIn = 0
	case "proves the key":
		p.Algorithms = append(p.Algorithms, d.f.key)
	}
	return p, nil
}

func (d *fakeDialer) Close() error {
	if d.f.fault != "leaves at the end" {
		d.f.remove(d.item)
	}
	return nil
}

// A fakeConn has addresses, and notes what leaves.
type fakeConn struct {
	net.Conn
	d *fakeDialer
}

func (c *fakeConn) Write(b []byte) (int, error) {
	c.d.f.mu.Lock()
	protected := !c.d.lost
	c.d.f.mu.Unlock()
	n, err := c.Conn.Write(b)
	if err == nil {
		c.d.f.send("data", protected)
	}
	return n, err
}

func (c *fakeConn) LocalAddr() net.Addr {
	a := c.d.s.Source.Unmap()
	if c.d.f.fault == "another source" {
		a = a.Next()
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, 1024))
}

func (c *fakeConn) RemoteAddr() net.Addr {
	a := netip.AddrPortFrom(c.d.s.Portal.Addr().Unmap(), c.d.s.Portal.Port())
	if c.d.f.fault == "another port" {
		a = netip.AddrPortFrom(a.Addr(), a.Port()+1)
	}
	return net.TCPAddrFromAddrPort(a)
}
