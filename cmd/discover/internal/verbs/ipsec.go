package verbs

import (
	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// ipsec returns the verbs about IPsec.
func (c *command) ipsec() *cobra.Command {
	return c.noun("ipsec", "the IPsec settings that portals are asked under, and why", manual.IPsec,
		c.ipsecExplain(), c.ipsecDefault(), c.ipsecCleanup(),
		c.noun("policy", "the administrator's rules, which override flags", manual.IPsecPolicy,
			c.ipsecPolicyAdd(), c.ipsecPolicyList(), c.ipsecPolicyRemove()),
		c.noun("psk", "the preshared keys of peers", manual.IPsecPSK,
			c.ipsecPSKSet(), c.ipsecPSKList(), c.ipsecPSKRemove()),
		c.noun("tunnel", "the gateways for tunnel mode", manual.IPsecTunnel,
			c.ipsecTunnelSet(), c.ipsecTunnelList(), c.ipsecTunnelRemove()))
}

// parseFlags understands LIST|0xNN.
func parseFlags(arg string) (ipsec.Flags, error) {
	f, err := ipsec.Parse(arg)
	if err != nil {
		return 0, machine.Usagef("LIST %s: %v", machine.Quoted(arg), flags.ParseReason(err))
	}
	return f, nil
}
