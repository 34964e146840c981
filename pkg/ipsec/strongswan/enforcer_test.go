package strongswan

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
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
func secured(t *testing.T, f ipsec.Flags) initiator.Secured {
	t.Helper()
	return initiator.Secured{
		Plan:   planOf(t, f),
		Source: netip.MustParseAddr("192.0.2.1"),
		Portal: netip.MustParseAddrPort("192.0.2.10:3260"),
		Key:    initiator.PSK{Secret: auth.NewSecret([]byte(secret))},
		Outer:  netip.MustParseAddr("203.0.113.1"),
	}
}

// newEnforcer returns one for a charon, that connects with nobody.
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

// wantCode fails the test where the error has another code than that given.
func wantCode(t *testing.T, err error, want uint32) {
	t.Helper()
	if got := initiator.Code(err); got != want {
		t.Errorf("got %v (%s), want %s", err, initiator.CodeName(got), initiator.CodeName(want))
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
	esp := "aes256gcm16 aes128-sha256 aes128-sha1"
	if flags.Has(ipsec.FlagPFS) {
		esp = "aes256gcm16-modp2048 aes128-sha256-modp2048 aes128-sha1-modp2048"
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
		"local": "192.0.2.1", "remote": peer, "ike": "aes256-sha256-modp2048 aes128-sha256-modp2048 aes128-sha1-modp2048",
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
	proof := initiator.Proof{
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
	s.Key.Local, s.Key.Remote = "host1.example.com", "target.example.com"
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
	want := []string{"host1.example.com", "target.example.com"}
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

// TestFailures: each ends in an error with a code, with nothing left in charon
// and nothing sent.
func TestFailures(t *testing.T) {
	t.Parallel()
	sent := "NET sending packet: from 192.0.2.1[500] to 192.0.2.10[500] (180 bytes)"
	came := "NET received packet: from 192.0.2.10[500] to 192.0.2.1[500] (160 bytes)"
	established := "IKE IKE_SA x[1] established between 192.0.2.1[192.0.2.1]...192.0.2.10[192.0.2.10]"
	tests := []struct {
		name   string
		flags  ipsec.Flags
		change func(*charon)
		code   uint32 // 0: FAILED_TO_CONFIGURE_IPSEC
		reason string
	}{
		{name: "key refused", reason: "load-shared: no", change: func(c *charon) { c.refuse = map[string]string{"load-shared": "no"} }},
		{name: "connection refused", reason: "load-conn: unknown option", change: func(c *charon) { c.refuse = map[string]string{"load-conn": "unknown option"} }},
		{name: "charon goes at the key", reason: "unexpected EOF", change: func(c *charon) { c.drop = map[string]bool{"load-shared": true} }},
		{name: "charon goes while it negotiates", reason: "unexpected EOF", change: func(c *charon) { c.drop = map[string]bool{"initiate": true} }},
		{name: "wrong key", reason: "preshared key of the peer seems to be another", change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, "ENC invalid HASH_V1 payload length, decryption failed?", "ENC could not decrypt payloads"}
		}},
		{name: "wrong key, and nobody gives up", reason: "preshared key of the peer seems to be another", change: func(c *charon) {
			c.silent, c.log = true, []string{sent, came, "ENC could not decrypt payloads", "IKE sending retransmit 1 of request message ID 0, seq 3"}
		}},
		{name: "proposals for IKE", reason: "none of the proposals for IKE", change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, "IKE received NO_PROPOSAL_CHOSEN error notify"}
		}},
		{name: "proposals for ESP", reason: "none of the proposals for IPsec", change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, established, "IKE received NO_PROPOSAL_CHOSEN error notify"}
		}},
		{name: "refused", reason: "refuses the key or the identity", change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, "IKE received AUTHENTICATION_FAILED error notify"}
		}},
		{name: "aggressive mode refused", flags: ipsec.FlagAggressive, code: initiator.CodeRequestNotSupported, reason: aggressiveOption, change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, "IKE received AUTHENTICATION_FAILED error notify"}
		}},
		{name: "aggressive mode not allowed here", flags: ipsec.FlagAggressive, code: initiator.CodeRequestNotSupported, reason: "charon here does no aggressive mode", change: func(c *charon) {
			c.fails, c.log = true, []string{"IKE Aggressive Mode PSK disabled for security reasons"}
		}},
		{name: "selectors", reason: "which traffic", change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, established, "IKE received INVALID_ID_INFORMATION error notify"}
		}},
		{name: "no ESP in the kernel", reason: "kernel has no ESP", change: func(c *charon) {
			c.fails, c.log = true, []string{established, "KNL received netlink error: Protocol not supported (93)", "IKE unable to install inbound and outbound IPsec SA (SAD) in kernel"}
		}},
		{name: "the kernel refuses", reason: "kernel does not take them", change: func(c *charon) {
			c.fails, c.log = true, []string{established, "IKE unable to install inbound and outbound IPsec SA (SAD) in kernel"}
		}},
		{name: "key not found", reason: "does not find the key", change: func(c *charon) {
			c.fails, c.log = true, []string{"IKE no shared key found for 192.0.2.1 - 192.0.2.10"}
		}},
		{name: "something else", reason: "establishing CHILD_SA failed (IKE the moon\\?is full)", change: func(c *charon) {
			c.fails, c.log = true, []string{"IKE the moon\nis full"}
		}},
		{name: "another mode", flags: ipsec.FlagTransport, reason: "mode \"tunnel\"", change: func(c *charon) {
			c.change = func(_, child map[string]string) { child["mode"] = "TUNNEL" }
		}},
		{name: "no encryption", reason: "encryption \"NULL\"", change: func(c *charon) {
			c.change = func(_, child map[string]string) { child["encr-alg"] = "NULL" }
		}},
		{name: "AH", reason: "protocol \"AH\"", change: func(c *charon) {
			c.change = func(_, child map[string]string) { child["protocol"] = "AH" }
		}},
		{name: "IKEv2", reason: "IKE version \"2\"", change: func(c *charon) {
			c.change = func(ike, _ map[string]string) { ike["version"] = "2" }
		}},
		{name: "another reqid", reason: "reqid \"1\"", change: func(c *charon) {
			c.change = func(_, child map[string]string) { child["reqid"] = "1" }
		}},
		{name: "no PFS", flags: ipsec.FlagPFS, reason: "without perfect forward secrecy", change: func(c *charon) {
			c.change = func(_, child map[string]string) { delete(child, "dh-group") }
		}},
		{name: "no association", reason: "no security association", change: func(c *charon) {
			c.change = func(_, child map[string]string) { child["name"] = "" }
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCharon(t, tt.change)
			e, dials := newEnforcer(t, c)
			d, err := e.Dialer(t.Context(), secured(t, tt.flags))
			if err == nil {
				d.Close()
				t.Fatal("no error")
			}
			code := tt.code
			if code == 0 {
				code = initiator.CodeFailedToConfigureIPsec
			}
			wantCode(t, err, code)
			if !strings.Contains(err.Error(), strings.ReplaceAll(tt.reason, `\?`, "?")) {
				t.Errorf("got %q, want %q in it", err, tt.reason)
			}
			if len(dials) > 0 {
				t.Error("a connection was made")
			}
			c.wantEmpty()
		})
	}
}

// TestRefusals: what cannot be is refused before charon hears of it.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		flags  ipsec.Flags
		change func(*initiator.Secured)
		code   uint32
	}{
		{name: "no key", code: initiator.CodeTargetPresharedKeyUnavailable, change: func(s *initiator.Secured) { s.Key.Secret = auth.Secret{} }},
		{name: "no gateway", flags: ipsec.FlagTunnel, code: initiator.CodeNoTunnelOuterModeAddress, change: func(s *initiator.Secured) { s.Outer = netip.Addr{} }},
		{name: "no source", code: initiator.CodeInvalidParameter, change: func(s *initiator.Secured) { s.Source = netip.Addr{} }},
		{name: "no IPsec", code: initiator.CodeInvalidParameter, change: func(s *initiator.Secured) { s.Plan = ipsec.Plan{} }},
		{name: "two families", code: initiator.CodeRequestNotSupported, change: func(s *initiator.Secured) { s.Source = netip.MustParseAddr("2001:db8::1") }},
		{name: "IPv4 in IPv6", flags: ipsec.FlagTunnel, code: initiator.CodeRequestNotSupported, change: func(s *initiator.Secured) { s.Outer = netip.MustParseAddr("2001:db8::1") }},
		{name: "link-local", code: initiator.CodeRequestNotSupported, change: func(s *initiator.Secured) {
			s.Source, s.Portal = netip.MustParseAddr("fe80::1%eth0"), netip.MustParseAddrPort("[fe80::2%eth0]:3260")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCharon(t, nil)
			e, _ := newEnforcer(t, c)
			s := secured(t, tt.flags)
			tt.change(&s)
			_, err := e.Dialer(t.Context(), s)
			wantCode(t, err, tt.code)
			if n := len(c.commands); n > 0 {
				t.Errorf("charon was told %v", c.commands)
			}
		})
	}
}

// TestNoDaemon: that charon does not run is told by code and text.
func TestNoDaemon(t *testing.T) {
	t.Parallel()
	e, _ := newEnforcer(t, &charon{Socket: filepath.Join(t.TempDir(), "nobody")})
	_, err := e.Dialer(t.Context(), secured(t, 0))
	wantCode(t, err, initiator.CodeIPsecNotSupportedOnOS)
	var daemon *DaemonError
	if !errors.As(err, &daemon) || !strings.Contains(err.Error(), "charon does not run") {
		t.Errorf("got %v", err)
	}
	got, err := e.Existing(t.Context(), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddrPort("192.0.2.10:3260"))
	if err != nil || got.Kind != ipsec.ExistingNone {
		t.Errorf("what exists: got %v, %v; want none", got, err)
	}
}

// TestCancelled: a negotiation that is no longer wanted ends, and nothing of it
// stays.
func TestCancelled(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		cause  error
		log    []string
		reason string
	}{
		{name: "nobody answers", cause: &initiator.TimeoutError{Limit: time.Second}, log: []string{"NET sending packet", "IKE sending retransmit 1 of request"}, reason: "does not answer IKE"},
		{name: "silence later on", cause: context.DeadlineExceeded, log: []string{"NET received packet: from"}, reason: "stopped to answer"},
		{name: "silence in phase 2", cause: context.DeadlineExceeded, log: []string{"NET received packet: from", "IKE IKE_SA x[1] established between a and b"}, reason: "phase 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCharon(t, func(c *charon) { c.silent, c.log = true, tt.log })
			e, _ := newEnforcer(t, c)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			go func() {
				<-c.began
				cancel(tt.cause)
			}()
			_, err := e.Dialer(ctx, secured(t, 0))
			wantCode(t, err, initiator.CodeFailedToConfigureIPsec)
			if !strings.Contains(err.Error(), tt.reason) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want %q in it, and that time ran out", err, tt.reason)
			}
			c.wantEmpty()
		})
	}
}

// TestNothingThrough: without bytes on the association there is no proof.
func TestNothingThrough(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"bytes-in", "bytes-out"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			c := newCharon(t, func(c *charon) { c.change = func(_, child map[string]string) { child[key] = "0" } })
			e, _ := newEnforcer(t, c)
			d, err := e.Dialer(t.Context(), secured(t, 0))
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			_, err = d.Proof(t.Context())
			wantCode(t, err, initiator.CodeFailedToConfigureIPsec)
		})
	}
}

// TestAssociationGone: neither is there where it is gone when it is looked at
// again.
func TestAssociationGone(t *testing.T) {
	t.Parallel()
	c := newCharon(t, nil)
	e, _ := newEnforcer(t, c)
	d, err := e.Dialer(t.Context(), secured(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	clear(c.up)
	c.mu.Unlock()
	_, err = d.Proof(t.Context())
	wantCode(t, err, initiator.CodeFailedToConfigureIPsec)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	c.wantEmpty()
}

// TestLeftover: what cannot be taken out is told.
func TestLeftover(t *testing.T) {
	t.Parallel()
	c := newCharon(t, func(c *charon) { c.sticky = true })
	e, _ := newEnforcer(t, c)
	d, err := e.Dialer(t.Context(), secured(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	var left *LeftoverError
	if err := d.Close(); !errors.As(err, &left) {
		t.Errorf("got %v, want a LeftoverError", err)
	}

	c = newCharon(t, func(c *charon) { c.sticky, c.fails = true, true })
	e, _ = newEnforcer(t, c)
	_, err = e.Dialer(t.Context(), secured(t, 0))
	wantCode(t, err, initiator.CodeFailedToConfigureIPsec)
	if !errors.As(err, &left) {
		t.Errorf("got %v, want a LeftoverError in it", err)
	}
}

// TestOneAtATime: of two connections with the same selectors the second waits for
// the first; others do not.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	c := newCharon(t, nil)
	e, _ := newEnforcer(t, c)
	first, err := e.Dialer(t.Context(), secured(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := secured(t, 0)
	elsewhere.Portal = netip.MustParseAddrPort("192.0.2.10:3261")
	other, err := e.Dialer(t.Context(), elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := c.loaded[0].Text("rekey_time"), c.loaded[1].Text("rekey_time"); a == b {
		t.Errorf("two connections are configured alike: %s", a)
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Dialer(ctx, secured(t, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a second connection to wait until it is cancelled", err)
	}
	second := make(chan error)
	go func() {
		d, err := e.Dialer(t.Context(), secured(t, 0))
		if err == nil {
			err = d.Close()
		}
		second <- err
	}()
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := <-second; err != nil {
		t.Error(err)
	}
	c.wantEmpty()
}

// TestConflict: where the host's own connection has the same ends, ours is
// refused, and charon is given nothing.
func TestConflict(t *testing.T) {
	t.Parallel()
	psk := func(name, id string) vici.Element {
		return vici.Sub(name, vici.Text("class", "pre-shared key"), vici.Text("id", id))
	}
	for _, tt := range []struct {
		name string
		conn vici.Section
		want bool
	}{
		{name: "the same", want: true, conn: vici.Section{vici.List("local_addrs", "192.0.2.1"), vici.List("remote_addrs", "192.0.2.10"), psk("local-1", "192.0.2.1"), psk("remote-1", "192.0.2.10")}},
		{name: "any local address", want: true, conn: vici.Section{vici.List("local_addrs", "%any"), vici.List("remote_addrs", "192.0.2.0/24"), psk("local-1", "%any"), psk("remote-1", "%any")}},
		{name: "no local address", want: true, conn: vici.Section{vici.List("remote_addrs", "192.0.2.1-192.0.2.20"), psk("local-1", ""), psk("remote-1", "")}},
		{name: "identities", want: true, conn: vici.Section{vici.List("local_addrs", "%any"), vici.List("remote_addrs", "gw.example.com"), psk("local-1", "192.0.2.1"), psk("remote-1", "192.0.2.10")}},
		{name: "another peer", conn: vici.Section{vici.List("local_addrs", "%any"), vici.List("remote_addrs", "192.0.2.11"), psk("local-1", "192.0.2.1"), psk("remote-1", "192.0.2.11")}},
		{name: "another local address", conn: vici.Section{vici.List("local_addrs", "192.0.2.2"), vici.List("remote_addrs", "192.0.2.10"), psk("local-1", "192.0.2.2"), psk("remote-1", "192.0.2.10")}},
		{name: "for whomever", conn: vici.Section{vici.List("local_addrs", "%any"), vici.List("remote_addrs", "%any", "0.0.0.0/0"), psk("local-1", "vpn"), psk("remote-1", "%any")}},
		{name: "certificates", conn: vici.Section{vici.List("local_addrs", "192.0.2.1"), vici.List("remote_addrs", "192.0.2.10"), vici.Sub("local-1", vici.Text("class", "public key")), vici.Sub("remote-1", vici.Text("class", "public key"))}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCharon(t, func(c *charon) { c.foreign = vici.Section{vici.Sub("backup", tt.conn...)} })
			e, _ := newEnforcer(t, c)
			d, err := e.Dialer(t.Context(), secured(t, 0))
			if err == nil {
				d.Close()
			}
			var conflict *ConflictError
			if got := errors.As(err, &conflict); got != tt.want || err != nil && !got {
				t.Fatalf("got %v, want a conflict: %v", err, tt.want)
			}
			if tt.want {
				wantCode(t, err, initiator.CodeFailedToConfigureIPsec)
				if c.took("load-shared")+c.took("load-conn") > 0 {
					t.Error("charon was given something")
				}
			}
		})
	}
}
