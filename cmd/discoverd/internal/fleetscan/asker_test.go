package fleetscan

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// planned notes the plans that it is to carry out, and carries none out.
type planned struct{ plans []ipsec.Plan }

func (*planned) Means() ipsec.Means {
	return ipsec.Means{Enforcer: "planned", Can: ipsec.FlagIKE | ipsec.FlagTransport | ipsec.FlagMain | ipsec.FlagAggressive | ipsec.FlagPFS}
}

func (*planned) Existing(context.Context, netip.Addr, netip.AddrPort) (ipsec.Existing, error) {
	return ipsec.Existing{}, nil
}

func (e *planned) Dialer(_ context.Context, r enforce.Request) (enforce.Dialer, error) {
	e.plans = append(e.plans, r.Plan)
	return nil, errors.New("it is only noted")
}

// TestFlagsStrengthen: the flags of a job make the IPsec of a portal stronger than the host
// has it, never weaker, and do not turn on what a policy of the host turns off.
func TestFlagsStrengthen(t *testing.T) {
	t.Parallel()
	const (
		ike        = ipsec.FlagValid | ipsec.FlagIKE
		strong     = ike | ipsec.FlagMain | ipsec.FlagPFS
		aggressive = ike | ipsec.FlagAggressive
	)
	for name, tt := range map[string]struct {
		standard, policy, job ipsec.Flags // of the host for all, of the host for the portal, of the job
		want                  string      // exchange and PFS; empty: the portal is not asked
	}{
		"the job asks":                          {job: aggressive, want: "aggressive false"},
		"the host's default is stronger":        {standard: strong, job: aggressive, want: "main true"},
		"the job is stronger than the default":  {standard: ike, job: strong, want: "main true"},
		"the host's policy is stronger":         {policy: strong, job: aggressive, want: "main true"},
		"the job is stronger than the policy":   {policy: ike, job: strong, want: "main true"},
		"neither includes the other":            {standard: ike | ipsec.FlagMain, job: aggressive | ipsec.FlagPFS},
		"the host's policy is off":              {policy: ipsec.FlagValid, job: strong},
		"the host's default is off":             {standard: ipsec.FlagValid, job: strong, want: "main true"},
		"the job says nothing, the host does":   {standard: strong, want: "main true"},
		"the job says nothing, its policy does": {policy: strong, want: "main true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := registry.Config{Store: new(memstore.Store), Discoverer: &initiator.Discoverer{}}
			s, err := registry.Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if tt.standard != 0 {
				err = s.SetDefaultSecurityFlags(t.Context(), tt.standard)
			}
			if tt.policy != 0 {
				err = errors.Join(err, s.SetPolicy(t.Context(), registry.Policy{Selector: "127.0.0.0/8", Flags: tt.policy}))
			}
			if err != nil {
				t.Fatal(err)
			}
			e := new(planned)
			a := &Asker{Registry: cfg, Discoverer: func() *initiator.Discoverer {
				return &initiator.Discoverer{
					InitiatorName: "iqn.2026-11.com.example:host", Enforcer: e,
					PSK: func(context.Context, ports.Port, enforce.Peer) (enforce.PSK, bool, error) {
						return enforce.PSK{Secret: auth.NewSecret([]byte("a key of some length"))}, true, nil
					},
				}
			}}
			portal := netip.MustParseAddrPort("127.0.0.1:1")
			var message string
			for f := range a.Ask(t.Context(), &fleet.Job{Flags: uint64(tt.job)}, slices.Values([]netip.AddrPort{portal})) {
				message = f.Message
			}
			got := ""
			for _, p := range e.plans {
				got = p.Exchange.String() + map[bool]string{true: " true", false: " false"}[p.PFS]
			}
			if got != tt.want {
				t.Errorf("got %q, want %q: %s", got, tt.want, message)
			}
		})
	}
}
