package fleetverbs

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A jsonFleetPolicy is an IPsec policy of the fleet.
type jsonFleetPolicy struct {
	Selector      jsonitem.Text                `json:"selector"`
	SecurityFlags uint64                       `json:"security_flags"`
	Hosts         jsonitem.List[jsonitem.Text] `json:"hosts"` // patterns; none: all hosts
}

// policies are the records of policies.
func (c *command) policies() *kind {
	return &kind{
		name: "policy", list: "policies", item: "fleet-policy", what: "SELECTOR",
		head:   []string{"SELECTOR", "IPSEC", "HOSTS"},
		prefix: fleet.Keys.Policies,
		key:    func(arg string) (string, error) { return c.policyKey(arg) },
		named:  func(k fleet.Key) bool { return k.Kind == fleet.KindPolicy },
		show: func(k fleet.Key, b []byte) (shown, error) {
			p, err := fleet.DecodePolicy(k.Name, b)
			if err != nil {
				return shown{}, err
			}
			return shown{
				jsonFleetPolicy{jsonitem.Text(p.Selector), p.Flags, jsonTexts(p.Hosts)},
				[]string{p.Selector, flagsText(p.Flags), patternsText(p.Hosts)},
			}, nil
		},
	}
}

// policyKey returns the key of a policy by its selector.
func (c *command) policyKey(selector string) (string, error) {
	canonical, err := registry.CanonicalSelector(selector)
	if err != nil {
		return "", exit.Usagef("selector %s: %s", wording.Quoted(selector), wording.ConfigReason(err))
	}
	return c.fleet.Keys().Policy(canonical), nil
}

// policy returns the verbs about the IPsec policies of the fleet.
func (c *command) policy() *cobra.Command {
	return c.nounOf("policy", "make IPsec stronger for portals on all hosts", manualPolicy,
		c.policyAdd(), c.listVerb(c.policies(), manualPolicyList), c.removeVerb(c.policies(), manualPolicyRemove))
}

// policyAdd returns the verb that adds a policy.
func (c *command) policyAdd() *cobra.Command {
	var (
		p        fleet.Policy
		security flags.Security
	)
	cmd := &cobra.Command{
		Use: "add [FLAGS] SELECTOR", Short: "have all hosts ask matching portals under IPsec", Long: manualPolicyAdd,
		Args: flags.Arguments(1, 1, "SELECTOR"), ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f, err := security.SecurityFlags()
		if err != nil {
			return err
		}
		if !f.Has(ipsec.FlagValid | ipsec.FlagIKE) {
			return exit.Usagef("fleet policy add needs --ipsec FLAGS that ask for IPsec: a fleet may only make it stronger")
		}
		canonical, err := registry.CanonicalSelector(args[0])
		if err != nil {
			return exit.Usagef("selector %s: %s", wording.Quoted(args[0]), wording.ConfigReason(err))
		}
		p.Selector, p.Flags = canonical, uint64(f)
		return c.records(func(ctx context.Context, r *records, _ []string) error {
			return c.addOne(ctx, r, c.policies(), c.fleet.Keys().Policy(canonical), p.Encode())
		})(cmd, args)
	}
	c.AddFlags(cmd, flags.NewGroup("The policy", ipsecFlags(&security)), hostsFlag(&p.Hosts), flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// ipsecFlags defines the flags that ask for IPsec. They have no "off": a fleet only makes IPsec
// stronger.
func ipsecFlags(s *flags.Security) *pflag.FlagSet {
	fs := s.FlagSet()
	fs.Lookup("ipsec").Usage = "ask under IPsec at least, such as transport,pfs: one or more of ike, transport, tunnel, main, aggressive, pfs"
	return fs
}
