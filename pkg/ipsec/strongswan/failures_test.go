package strongswan

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// TestFailures: each ends in an error of the contract, with nothing left in charon
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
		want   string // type of the error; empty: failedToConfigure
		reason string
		cause  error // a KeyError, an IdentityError or a NoESPError; nil: none of them
		is     enforce.Cause
	}{
		{name: "key refused", reason: "load-shared: no", change: func(c *charon) { c.refuse = map[string]string{"load-shared": "no"} }},
		{name: "connection refused", reason: "load-conn: unknown option", change: func(c *charon) { c.refuse = map[string]string{"load-conn": "unknown option"} }},
		{name: "charon goes at the key", reason: "unexpected EOF", change: func(c *charon) { c.drop = map[string]bool{"load-shared": true} }},
		{name: "charon goes while it negotiates", reason: "unexpected EOF", change: func(c *charon) { c.drop = map[string]bool{"initiate": true} }},
		// Issue 13, 29: a wrong key and a wrong identity are told, and are no other errors.
		{name: "wrong key", is: enforce.OtherKeySeems, reason: "the peer seems to have a different preshared key", cause: &enforce.KeyError{Seems: true}, change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, "ENC invalid HASH_V1 payload length, decryption failed?", "ENC could not decrypt payloads"}
		}},
		{name: "wrong key, in a hash", is: enforce.OtherKeySeems, reason: "the peer seems to have a different preshared key", cause: &enforce.KeyError{Seems: true}, change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, "ENC received HASH payload does not match"}
		}},
		{name: "wrong key in aggressive mode", is: enforce.OtherKey, flags: ipsec.FlagAggressive, reason: "the peer has a different preshared key", cause: &enforce.KeyError{}, change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, "IKE calculated HASH does not match HASH payload", sent}
		}},
		{name: "wrong identity", is: enforce.OtherIdentity, reason: `the peer identifies itself as "array2", but its identity should be "192.0.2.10"`, cause: &enforce.IdentityError{Got: "array2", Want: "192.0.2.10"}, change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, "IKE IDir 'array2' does not match to '192.0.2.10'", "IKE sending DELETE for IKE_SA x[1]", sent}
		}},
		{name: "wrong identity in aggressive mode", is: enforce.OtherIdentity, flags: ipsec.FlagAggressive, reason: `the peer identifies itself as "C=CH, CN=' does not match to '\u202ex"`, cause: &enforce.IdentityError{Got: "C=CH, CN=' does not match to '\u202ex", Want: "192.0.2.10"}, change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, "IKE IDir 'C=CH, CN=' does not match to '\u202ex' does not match to '192.0.2.10'", sent}
		}},
		{name: "a key is not wrong in phase 2", reason: "establishing CHILD_SA failed", change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, established, "ENC could not decrypt payloads"}
		}},
		{name: "wrong key, and nobody gives up", is: enforce.OtherKeySeems, reason: "the peer seems to have a different preshared key", cause: &enforce.KeyError{Seems: true}, change: func(c *charon) {
			c.silent, c.log = true, []string{sent, came, "ENC could not decrypt payloads", "IKE sending retransmit 1 of request message ID 0, seq 3"}
		}},
		{name: "proposals for IKE", is: enforce.NoIKEProposal, reason: "none of the proposals for IKE", change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, "IKE received NO_PROPOSAL_CHOSEN error notify"}
		}},
		{name: "proposals for ESP", is: enforce.NoESPProposal, reason: "none of the proposals for IPsec", change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, established, "IKE received NO_PROPOSAL_CHOSEN error notify"}
		}},
		{name: "refused", is: enforce.KeyOrIdentity, reason: "refuses the key or the identity", change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, "IKE received AUTHENTICATION_FAILED error notify"}
		}},
		{name: "aggressive mode refused", is: enforce.AggressiveMode, flags: ipsec.FlagAggressive, reason: enforce.AggressiveOption, change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, "IKE received AUTHENTICATION_FAILED error notify"}
		}},
		{name: "aggressive mode not allowed here", flags: ipsec.FlagAggressive, want: unsupported, reason: "charon on this host does not use aggressive mode", change: func(c *charon) {
			c.fails, c.log = true, []string{"IKE Aggressive Mode PSK disabled for security reasons"}
		}},
		{name: "selectors", is: enforce.TrafficSelectors, reason: "which traffic", change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, established, "IKE received INVALID_ID_INFORMATION error notify"}
		}},
		{name: "no ESP in the kernel", reason: "kernel has no ESP", cause: &NoESPError{}, change: func(c *charon) {
			c.fails, c.log = true, []string{established, "KNL received netlink error: Protocol not supported (93)", "IKE unable to install inbound and outbound IPsec SA (SAD) in kernel"}
		}},
		{name: "the kernel refuses", reason: "kernel does not accept the keys", change: func(c *charon) {
			c.fails, c.log = true, []string{established, "IKE unable to install inbound and outbound IPsec SA (SAD) in kernel"}
		}},
		{name: "key not found", reason: "does not find the key", change: func(c *charon) {
			c.fails, c.log = true, []string{"IKE no shared key found for 192.0.2.1 - 192.0.2.10"}
		}},
		{name: "something else", reason: "establishing CHILD_SA failed", change: func(c *charon) {
			c.fails, c.log = true, []string{"IKE the moon\nis full"}
		}},
		{name: "another mode", flags: ipsec.FlagTransport, reason: "mode \"tunnel\"", change: func(c *charon) {
			c.change = func(_, child map[string]string) { child["mode"] = "TUNNEL" }
		}},
		{name: "no encryption", reason: "encryption \"NULL\"", change: func(c *charon) {
			c.change = func(_, child map[string]string) { child["encr-alg"] = "NULL" }
		}},
		{name: "authentication alone", reason: "encryption \"NULL_AES_GMAC\"", change: func(c *charon) {
			c.change = func(_, child map[string]string) { child["encr-alg"] = "NULL_AES_GMAC" }
		}},
		{name: "AH", reason: "protocol \"AH\"", change: func(c *charon) {
			c.change = func(_, child map[string]string) { child["protocol"] = "AH" }
		}},
		{name: "the peer speaks version 2", is: enforce.PeerSpeaksIKEv2, reason: "the peer speaks IKEv2", change: func(c *charon) {
			c.fails, c.log = true, []string{sent, came, "IKE received INVALID_MAJOR_VERSION error notify"}
		}},
		{name: "IKEv2", reason: "IKE version \"2\"", change: func(c *charon) {
			c.change = func(ike, _ map[string]string) { ike["version"] = "2" }
		}},
		{name: "another reqid", reason: "reqid \"1\"", change: func(c *charon) {
			c.change = func(_, child map[string]string) { child["reqid"] = "1" }
		}},
		{name: "no PFS", flags: ipsec.FlagPFS, reason: "no perfect forward secrecy", change: func(c *charon) {
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
			want := tt.want
			if want == "" {
				want = failedToConfigure
			}
			wantType(t, err, want)
			if !strings.Contains(err.Error(), tt.reason) {
				t.Errorf("got %q, want %q in it", err, tt.reason)
			}
			if diff := cmp.Diff(tt.cause, causeOf(err)); diff != "" {
				t.Errorf("cause (-want +got):\n%s", diff)
			}
			var negotiation *enforce.NegotiationError
			if errors.As(err, &negotiation) && negotiation.Cause != tt.is || negotiation == nil && tt.is != 0 {
				t.Errorf("cause: got %+v, want %d", negotiation, tt.is)
			}
			if len(dials) > 0 {
				t.Error("a connection was made")
			}
			c.wantEmpty()
		})
	}
}

// causeOf returns the KeyError, the IdentityError or the NoESPError in an error; nil:
// there is none.
func causeOf(err error) error {
	var (
		key      *enforce.KeyError
		identity *enforce.IdentityError
		noESP    *NoESPError
	)
	switch {
	case errors.As(err, &key):
		return key
	case errors.As(err, &identity):
		return identity
	case errors.As(err, &noESP):
		return noESP
	}
	return nil
}

// TestRefusals: what cannot be is refused before charon hears of it.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		flags  ipsec.Flags
		change func(*enforce.Request)
		want   string // type of the error
	}{
		{name: "no key", want: noKey, change: func(s *enforce.Request) { s.PSK.Secret = auth.Secret{} }},
		{name: "no gateway", flags: ipsec.FlagTunnel, want: noGateway, change: func(s *enforce.Request) { s.Gateway = netip.Addr{} }},
		{name: "no source", want: badRequest, change: func(s *enforce.Request) { s.Source = netip.Addr{} }},
		{name: "no IPsec", want: badRequest, change: func(s *enforce.Request) { s.Plan = ipsec.Plan{} }},
		{name: "two families", want: unsupported, change: func(s *enforce.Request) { s.Source = netip.MustParseAddr("2001:db8::1") }},
		{name: "IPv4 in IPv6", flags: ipsec.FlagTunnel, want: unsupported, change: func(s *enforce.Request) { s.Gateway = netip.MustParseAddr("2001:db8::1") }},
		{name: "link-local", want: unsupported, change: func(s *enforce.Request) {
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
			wantType(t, err, tt.want)
			if n := len(c.commands); n > 0 {
				t.Errorf("charon was told %v", c.commands)
			}
		})
	}
}

// TestPhases (issue 13, 28): the association for IKE is negotiated by itself, and
// then the one for ESP, so that the first message of the second phase does not
// come to the peer together with the last one of the first.
func TestPhases(t *testing.T) {
	t.Parallel()
	for _, flags := range []ipsec.Flags{ipsec.FlagMain, ipsec.FlagAggressive} {
		t.Run(flags.String(), func(t *testing.T) {
			t.Parallel()
			c := newCharon(t, nil)
			e, _ := newEnforcer(t, c)
			d, err := e.Dialer(t.Context(), secured(t, flags))
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff([]string{"ike", "child"}, c.phases); diff != "" {
				t.Errorf("initiated (-want +got):\n%s", diff)
			}
			c.wantEmpty()
		})
	}
}

// TestNoDaemon: that charon does not run is told by type and text.
func TestNoDaemon(t *testing.T) {
	t.Parallel()
	e, _ := newEnforcer(t, &charon{Socket: filepath.Join(t.TempDir(), "nobody")})
	_, err := e.Dialer(t.Context(), secured(t, 0))
	wantType(t, err, noEnforcer)
	var daemon *DaemonError
	if !errors.As(err, &daemon) || !strings.Contains(err.Error(), "charon is not running") {
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
		{name: "nobody answers", cause: &timeoutError{}, log: []string{"NET sending packet", "IKE sending retransmit 1 of request"}, reason: "does not answer IKE"},
		{name: "silence later on", cause: context.DeadlineExceeded, log: []string{"NET received packet: from"}, reason: "stopped answering"},
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
			wantType(t, err, failedToConfigure)
			if !strings.Contains(err.Error(), tt.reason) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want %q in it, and that time ran out", err, tt.reason)
			}
			c.wantEmpty()
		})
	}
}
