package strongswan

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

const secret = "the group's key"

// planOf returns the plan of flags.
func planOf(t *testing.T, f ipsec.Flags) ipsec.Plan {
	t.Helper()
	p, err := ipsec.Settings{Flags: f | ipsec.FlagValid | ipsec.FlagIKE}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// secured is a connection for tests.
func secured(t *testing.T, f ipsec.Flags) enforce.Request {
	t.Helper()
	return enforce.Request{
		Plan:    planOf(t, f),
		Source:  netip.MustParseAddr("192.0.2.1"),
		Portal:  netip.MustParseAddrPort("192.0.2.10:3260"),
		PSK:     enforce.PSK{Secret: auth.NewSecret([]byte(secret))},
		Gateway: netip.MustParseAddr("203.0.113.1"),
	}
}

// newEnforcer returns one for a charon, that connects to no portal.
func newEnforcer(t *testing.T, c *charon) (e *Enforcer, dials chan *xfrm.Dialer) {
	t.Helper()
	dials = make(chan *xfrm.Dialer, 16)
	e = &Enforcer{Socket: c.Socket, Settle: time.Nanosecond}
	e.dial = func(_ context.Context, d *xfrm.Dialer, _ netip.AddrPort) (net.Conn, error) {
		dials <- d
		near, far := net.Pipe()
		t.Cleanup(func() { far.Close() })
		return near, nil
	}
	e.policies = func(context.Context, netip.Addr, netip.AddrPort) (ipsec.Existing, error) {
		return ipsec.Existing{}, nil
	}
	return e, dials
}

// Types of the errors of enforce.Enforcer.
const (
	none              = "<nil>"
	noEnforcer        = "*ipsec.NoEnforcerError"
	unsupported       = "*ipsec.UnsupportedError"
	noKey             = "*ipsec.NoKeyError"
	noGateway         = "*ipsec.NoOuterAddressError"
	badRequest        = "*ipsec.RequestError"
	failedToConfigure = "*ipsec.ConfigureError"
)

// A timeoutError ends the time of a portal, as the engine's own does.
type timeoutError struct{}

func (*timeoutError) Error() string { return "no answer within 1s" }

func (*timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// wantType fails the test where the error has another type than that given.
func wantType(t *testing.T, err error, want string) {
	t.Helper()
	if got := fmt.Sprintf("%T", err); got != want {
		t.Errorf("got %v (%s), want %s", err, got, want)
	}
	if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "\n")) {
		t.Errorf("the error has the key in it, or more than a line: %q", err)
	}
}

// TestMatrix: what charon is told for each kind of plan, what the socket is held
// to, and what the proof says.
func TestMatrix(t *testing.T) {
	t.Parallel()
	for _, exchange := range []ipsec.Flags{ipsec.FlagMain, ipsec.FlagAggressive} {
		for _, mode := range []ipsec.Flags{ipsec.FlagTransport, ipsec.FlagTunnel} {
			for _, pfs := range []ipsec.Flags{0, ipsec.FlagPFS} {
				flags := exchange | mode | pfs
				t.Run((flags | ipsec.FlagValid | ipsec.FlagIKE).String(), func(t *testing.T) {
					t.Parallel()
					testMatrix(t, flags)
				})
			}
		}
	}
}

func testMatrix(t *testing.T, flags ipsec.Flags) {
	c := newCharon(t, nil)
	e, dials := newEnforcer(t, c)
	s := secured(t, flags)
	d, err := e.Dialer(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := d.DialContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Proof(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	c.wantEmpty()

	conn := c.loaded[0]
	child := conn.Sub("children").Sub(c.loadedName())
	peer := "192.0.2.10"
	if flags.Has(ipsec.FlagTunnel) {
		peer = "203.0.113.1"
	}
	esp := "aes256gcm16 aes256-sha256 aes128-sha256 aes256-sha1 aes128-sha1"
	if flags.Has(ipsec.FlagPFS) {
		esp = "aes256gcm16-modp2048 aes256-sha256-modp2048 aes128-sha256-modp2048 aes256-sha1-modp2048 aes128-sha1-modp2048"
	}
	got := map[string]string{
		"version": conn.Text("version"), "aggressive": conn.Text("aggressive"), "unique": conn.Text("unique"), "keyingtries": conn.Text("keyingtries"), "dpd": conn.Text("dpd_delay"),
		"local": join(conn.List("local_addrs")), "remote": join(conn.List("remote_addrs")), "ike": join(conn.List("proposals")),
		"local auth": conn.Sub("local").Text("auth") + " " + conn.Sub("local").Text("id"), "remote auth": conn.Sub("remote").Text("auth") + " " + conn.Sub("remote").Text("id"),
		"mode": child.Text("mode"), "local ts": join(child.List("local_ts")), "remote ts": join(child.List("remote_ts")), "esp": join(child.List("esp_proposals")),
		"policies": child.Text("policies"), "start": child.Text("start_action"), "close": child.Text("close_action"),
	}
	want := map[string]string{
		"version": "1", "aggressive": yesNo(flags.Has(ipsec.FlagAggressive)), "unique": "never", "keyingtries": "1", "dpd": "0",
		"local": "192.0.2.1", "remote": peer, "ike": "aes256-sha256-modp2048 aes128-sha256-modp2048 aes256-sha1-modp2048 aes128-sha1-modp2048",
		"local auth": "psk 192.0.2.1", "remote auth": "psk " + peer,
		"mode": s.Plan.Mode.String(), "local ts": "192.0.2.1/32[tcp]", "remote ts": "192.0.2.10/32[tcp/3260]", "esp": esp,
		"policies": "no", "start": "none", "close": "none",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("charon was told (-want +got):\n%s", diff)
	}
	x := <-dials
	if got, want := x.Hold.String(), fmt.Sprintf("esp %s from 192.0.2.1 to %s with reqid %s", s.Plan.Mode, peer, child.Text("reqid")); got != want {
		t.Errorf("held to: got %q, want %q", got, want)
	}
	names := []string{"ike AES_CBC-256 HMAC_SHA2_256_128 PRF_HMAC_SHA2_256 MODP_2048", "esp AES_GCM_16-256"}
	if flags.Has(ipsec.FlagPFS) {
		names[1] += " MODP_2048"
	}
	proof := enforce.Proof{
		Enforcer: Name, Mode: s.Plan.Mode.String(), Exchange: s.Plan.Exchange.String(), Algorithms: names,
		SPIs: []uint32{0xc0000002, 0xc0000001}, BytesOut: 1000, BytesIn: 1000,
	}
	if diff := cmp.Diff(proof, p); diff != "" {
		t.Errorf("proof (-want +got):\n%s", diff)
	}
}

func join(list []string) string { return strings.Join(list, " ") }

// loadedName returns the name of the child of the first connection.
func (c *charon) loadedName() string {
	for name := range c.loaded[0].Sub("children").Subs() {
		return name
	}
	return ""
}

// TestIdentities: identities that are given go to charon, and the key is theirs.
func TestIdentities(t *testing.T) {
	t.Parallel()
	var owners []string
	c := newCharon(t, nil)
	e, _ := newEnforcer(t, c)
	e.Legacy = true
	s := secured(t, ipsec.FlagPFS)
	s.PSK.Local, s.PSK.Remote = "host1.example.com", "target.example.com"
	d, err := e.Dialer(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	for _, k := range c.keys {
		owners = k.List("owners")
		if got := k.Text("data") + " " + k.Text("type"); got != secret+" IKE" {
			t.Errorf("the key is %q", got)
		}
	}
	conn := c.loaded[0]
	c.mu.Unlock()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	want := []string{"fqdn:host1.example.com", "fqdn:target.example.com"}
	if diff := cmp.Diff(want, owners); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	if got := []string{conn.Sub("local").Text("id"), conn.Sub("remote").Text("id")}; !cmp.Equal(want, got) {
		t.Errorf("identities: got %v, want %v", got, want)
	}
	if got := join(conn.List("proposals")); !strings.HasSuffix(got, " 3des-sha1-modp1024") {
		t.Errorf("IKE proposals: got %q, want the legacy one last", got)
	}
	if got := join(conn.Sub("children").Sub(c.loadedName()).List("esp_proposals")); !strings.HasSuffix(got, " 3des-sha1-modp1024") {
		t.Errorf("ESP proposals: got %q, want the legacy one last", got)
	}
}

// useOnce makes a connection, and proves and closes it.
func useOnce(t *testing.T, e *Enforcer, s enforce.Request) error {
	d, err := e.Dialer(t.Context(), s)
	if err != nil {
		return err
	}
	nc, err := d.DialContext(t.Context())
	if err == nil {
		nc.Close()
		_, err = d.Proof(t.Context())
	}
	return errors.Join(err, d.Close())
}
