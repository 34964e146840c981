package userspace

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
	"github.com/go-iscsi/discovery/internal/iketest"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

const testKey = "the key of both ends"

var (
	source4, portal4 = netip.MustParseAddr("127.0.0.1"), netip.MustParseAddrPort("192.0.2.10:3260")
	source6, portal6 = netip.MustParseAddr("::1"), netip.MustParseAddrPort("[2001:db8::10]:3260")
)

// A world is an Enforcer and a peer in memory.
type world struct {
	e    *Enforcer
	host *peerHost
	v1   *iketest.V1 // nil: the peer speaks version 2
}

// newWorld has a peer of version 1, with an echo server.
func newWorld(t testing.TB, change func(c *iketest.V1Config)) *world {
	t.Helper()
	c := iketest.V1Config{Addr: portal4.Addr(), Initiator: source4, PSK: testKey}
	if change != nil {
		change(&c)
	}
	v1 := iketest.NewV1(c)
	portal := netip.AddrPortFrom(c.Addr, portal4.Port())
	w := &world{host: newPeerHost(v1, portal), v1: v1}
	w.e = &Enforcer{listen: w.host.listen}
	w.host.serve(t, echo)
	return w
}

// newWorld2 has a peer of version 2.
func newWorld2(t testing.TB, source netip.Addr, portal netip.AddrPort, change func(c *iketest.V2Config)) *world {
	t.Helper()
	c := iketest.V2Config{
		PSK: []byte(testKey), ID: ike.AddrIdentity(portal.Addr()), Client: ike.AddrIdentity(source),
		Suites: []ike.Suite{{Encryption: ike.AESCBC, Bits: 256, Integrity: ike.Integrity(ike.SHA256), PRF: ike.SHA256, Group: ike.ECP256}},
		ESP:    []ike.ESPSuite{{Encryption: ike.AESGCM16, Bits: 256}},
	}
	if change != nil {
		change(&c)
	}
	w := &world{host: newPeerHost(iketest.NewV2(c), portal)}
	w.e = &Enforcer{listen: w.host.listen}
	w.host.serve(t, echo)
	return w
}

// request returns a request for flags, and a version of IKE.
func request(t testing.TB, flags ipsec.Flags, v ipsec.IKEVersion) enforce.Request {
	t.Helper()
	p, err := ipsec.Settings{Flags: flags | ipsec.FlagValid | ipsec.FlagIKE}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	s := enforce.Request{Plan: p, Source: source4, Portal: portal4, IKE: v, PSK: enforce.PSK{Secret: auth.NewSecret([]byte(testKey))}}
	if p.Mode == ipsec.TunnelMode {
		s.Gateway = portal4.Addr()
	}
	return s
}

// use makes a connection, has size bytes echoed, and returns the proof.
func (w *world) use(t testing.TB, s enforce.Request, size int) (proof enforce.Proof, err error) {
	t.Helper()
	d, err := w.e.Dialer(t.Context(), s)
	if err != nil {
		return proof, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	nc, err := d.DialContext(t.Context())
	if err != nil {
		return proof, err
	}
	defer nc.Close()
	if err := echoed(nc, size); err != nil {
		return proof, err
	}
	return d.Proof(t.Context())
}

// echoed has size bytes sent back.
func echoed(nc io.ReadWriter, size int) error {
	if c, ok := nc.(interface{ SetDeadline(time.Time) error }); ok {
		if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
			return err
		}
	}
	data := bytes.Repeat([]byte{'e'}, size)
	sent := make(chan error, 1)
	go func() {
		_, err := nc.Write(data)
		sent <- err
	}()
	got := make([]byte, size)
	_, err := io.ReadFull(nc, got)
	if err = errors.Join(<-sent, err); err == nil && !bytes.Equal(got, data) {
		err = fmt.Errorf("other bytes came back")
	}
	return err
}

// wantGone fails the test where a socket, or a security association at the peer, stays.
func (w *world) wantGone(t testing.TB) {
	t.Helper()
	sockets, pairs, _ := w.host.state()
	if sockets != 0 || pairs != 0 {
		t.Errorf("%d sockets and %d pairs of security associations stay", sockets, pairs)
	}
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	if len(w.e.sas) != 0 || len(w.e.inUse) != 0 {
		t.Errorf("the enforcer keeps %d IKE security associations and %d turns", len(w.e.sas), len(w.e.inUse))
	}
}
