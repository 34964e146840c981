package hint

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// TestIPsec (issue 18): each cause of a failed negotiation, and what else IPsec lacks, has a
// hint that names the flag which helps.
func TestIPsec(t *testing.T) {
	t.Parallel()
	because := func(c enforce.Cause, errs ...error) error {
		return &ipsec.ConfigureError{Err: &enforce.NegotiationError{Cause: c, Err: errors.Join(errs...)}}
	}
	for _, tt := range []struct {
		name    string
		err     error
		version ipsec.IKEVersion
		want    string // in it; empty: there is none
		not     string // not in it
	}{
		{name: "no key", err: &ipsec.NoKeyError{}, want: "--ipsec-psk"},
		{name: "no gateway", err: &ipsec.NoOuterAddressError{}, want: "--ipsec-outer"},
		{name: "aggressive mode not here", err: &ipsec.UnsupportedError{Enforcer: "strongswan", Missing: ipsec.FlagAggressive}, want: "--ipsec-enforcer userspace"},
		{name: "aggressive mode not by another", err: &ipsec.UnsupportedError{Enforcer: "other", Missing: ipsec.FlagAggressive}},
		{name: "negotiates no keys", err: &ipsec.UnsupportedError{Enforcer: "xfrm", Missing: ipsec.FlagIKE}, want: "--ipsec-enforcer userspace"},
		{name: "no daemon", err: &ipsec.NoEnforcerError{Err: errors.New("charon is not running")}, want: "--ipsec-enforcer userspace"},
		{name: "no enforcer", err: &ipsec.NoEnforcerError{}},
		{name: "two families", err: &ipsec.UnsupportedError{Reason: "no"}},
		{name: "silence", err: because(enforce.PeerSilent), want: "--ipsec-ike 2"},
		{name: "silence in version 2", err: because(enforce.PeerSilent), version: ipsec.IKEv2, want: "firewalls", not: "--ipsec-ike"},
		{name: "stopped", err: because(enforce.PeerStopped), want: "--ipsec-psk"},
		{name: "IKE", err: because(enforce.NoIKEProposal), want: "--ipsec-proposals"},
		{name: "ESP", err: because(enforce.NoESPProposal), want: "--ipsec-proposals"},
		{name: "key", err: because(enforce.OtherKey), want: "--ipsec-psk"},
		{name: "key, it seems", err: because(enforce.OtherKeySeems), want: "--ipsec-psk"},
		{name: "key or identity", err: because(enforce.KeyOrIdentity), want: "--ipsec-peer-id"},
		{name: "aggressive mode", err: because(enforce.AggressiveMode), want: "--ipsec-id"},
		{name: "identity", err: because(enforce.OtherIdentity, &enforce.IdentityError{Got: "array2.example"}), want: "give --ipsec-peer-id array2.example"},
		{name: "identity that cannot be given", err: because(enforce.OtherIdentity, &enforce.IdentityError{Got: "C=CH\n, CN=x"}), want: "give its identity (--ipsec-peer-id)", not: "CH"},
		{name: "selectors", err: because(enforce.TrafficSelectors), want: "--ipsec transport"},
		{name: "version 2", err: because(enforce.PeerSpeaksIKEv2), want: "--ipsec-ike 2"},
		{name: "version 1", err: because(enforce.PeerSpeaksIKEv1), version: ipsec.IKEv2, want: "--ipsec-ike 1"},
		{name: "no NAT traversal", err: &ipsec.UnsupportedError{Err: &enforce.NegotiationError{Cause: enforce.NoNATTraversal}}, want: "--ipsec-enforcer strongswan"},
		{name: "phase 2", err: because(enforce.Phase2Silent)},
		{name: "not known", err: because(0)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := IPsec(tt.err, tt.version)
			if !strings.Contains(got, tt.want) || tt.want == "" && got != "" || tt.not != "" && strings.Contains(got, tt.not) {
				t.Errorf("got %q, want in it %q and not %q", got, tt.want, tt.not)
			}
		})
	}
}
