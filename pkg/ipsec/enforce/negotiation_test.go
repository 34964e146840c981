package enforce_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// TestCauses: each cause has its text, in one line, which is all that a user reads of it,
// and names no flag of a command: an embedder has none.
func TestCauses(t *testing.T) {
	t.Parallel()
	want := map[enforce.Cause]string{
		enforce.PeerSilent:       "the peer does not answer IKE (UDP ports 500 and 4500)",
		enforce.PeerStopped:      "the peer stopped answering; it may have a different preshared key",
		enforce.NoIKEProposal:    "the peer accepts none of the proposals for IKE (algorithms), or does not know us",
		enforce.NoESPProposal:    "the peer accepts none of the proposals for IPsec (algorithms, PFS or mode)",
		enforce.OtherKeySeems:    "the peer seems to have a different preshared key: set the same key at both ends",
		enforce.OtherKey:         "the peer has a different preshared key: set the same key at both ends",
		enforce.KeyOrIdentity:    "the peer refuses the key or the identity",
		enforce.OtherIdentity:    "", // an *IdentityError says it
		enforce.AggressiveMode:   "the peer refuses aggressive mode, the key or the identity; if it is strongSwan, it uses aggressive mode with preshared keys only if i_dont_care_about_security_and_use_aggressive_mode_psk = yes is set in its strongswan.conf",
		enforce.TrafficSelectors: "the peer does not agree on which traffic to protect, or on the mode",
		enforce.PeerSpeaksIKEv1:  "the peer speaks IKEv1, and IKEv2 was asked for",
		enforce.PeerSpeaksIKEv2:  "the peer speaks IKEv2, and IKEv1 was asked for",
		enforce.NoNATTraversal:   "the peer has no NAT traversal, and ESP without UDP takes the kernel's IPsec",
		enforce.Phase2Silent:     "the peer does not answer in phase 2",
	}
	for cause := enforce.PeerSilent; cause <= enforce.Phase2Silent; cause++ {
		text, ok := want[cause]
		if got := cause.String(); !ok || got != text {
			t.Errorf("cause %d: got %q, want %q", cause, got, text)
		}
		if strings.Contains(text, "--") || strings.Contains(text, "\n") {
			t.Errorf("cause %d: a flag or a second line in %q", cause, text)
		}
	}
	if got := enforce.Cause(0).String(); got != "" {
		t.Errorf("not known: got %q, want nothing", got)
	}
}

// TestNegotiationError: what it is made of can be asked for, and is in one line.
func TestNegotiationError(t *testing.T) {
	t.Parallel()
	identity := &enforce.IdentityError{Got: "array\n2\u202e", Want: "array1"}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{name: "a reason", err: &enforce.NegotiationError{Peer: "192.0.2.10", Reason: enforce.PeerSilent.String(), Err: context.DeadlineExceeded},
			want: "the negotiation with 192.0.2.10 failed: the peer does not answer IKE (UDP ports 500 and 4500)"},
		{name: "an identity", err: &enforce.NegotiationError{Peer: "192.0.2.10", Reason: identity.Error(), Err: errors.Join(identity, context.DeadlineExceeded)},
			want: `the negotiation with 192.0.2.10 failed: the peer identifies itself as "array\n2\u202e", but its identity should be "array1"`},
		{name: "a key", err: &enforce.KeyError{}, want: enforce.OtherKey.String()},
		{name: "it seems", err: &enforce.KeyError{Seems: true}, want: enforce.OtherKeySeems.String()},
		{name: "no proof", err: &enforce.NotProvenError{Reason: "no byte was counted"}, want: "no byte was counted"},
		{name: "lost", err: &enforce.LostError{Reason: "the peer deleted them"}, want: "the security associations of the connection are gone (the peer deleted them)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.err.Error(); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			var negotiation *enforce.NegotiationError
			if errors.As(tt.err, &negotiation) && !errors.Is(tt.err, context.DeadlineExceeded) {
				t.Errorf("%q does not say that time ran out", tt.err)
			}
		})
	}
}
