package fleetverbs

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// A jsonFleetPortal is a portal that hosts are to ask.
type jsonFleetPortal struct {
	Portal        jsonitem.Text                `json:"portal"`
	SymbolicName  jsonitem.Text                `json:"symbolic_name,omitempty"`
	Instance      jsonitem.Text                `json:"instance"`
	InitiatorPort string                       `json:"initiator_port"`
	Login         jsonitem.Text                `json:"login,omitempty"`
	SecurityFlags uint64                       `json:"security_flags"`
	Hosts         jsonitem.List[jsonitem.Text] `json:"hosts"` // patterns; none: all hosts
}

// portals are the records of portals.
func (c *command) portals(key *flags.Key) *kind {
	return &kind{
		name: "portal", list: "portals", item: "fleet-portal", what: "PORTAL",
		head:   []string{"PORTAL", "NAME", "INSTANCE", "PORT", "LOGIN", "IPSEC", "HOSTS"},
		prefix: fleet.Keys.Portals,
		key: func(arg string) (string, error) {
			p, err := key.Portal(arg)
			return c.fleet.Keys().Portal(p), err
		},
		named: func(k fleet.Key) bool { return k.Kind == fleet.KindPortal },
		show: func(k fleet.Key, b []byte) (shown, error) {
			p, err := fleet.DecodePortal(k.Entry.Portal, b)
			if err != nil {
				return shown{}, err
			}
			return showPortal(p), nil
		},
	}
}

func showPortal(p *fleet.Portal) shown {
	k := p.Key()
	j := jsonFleetPortal{
		Portal: jsonitem.Text(k.Portal.String()), SymbolicName: jsonitem.Text(p.SymbolicName), Instance: jsonitem.Text(p.Instance),
		InitiatorPort: k.Port.String(), Login: jsonitem.Text(p.Login), SecurityFlags: p.Flags, Hosts: jsonTexts(p.Hosts),
	}
	instance := p.Instance
	if instance == "" {
		instance = "any"
	}
	return shown{j, []string{k.Portal.String(), p.SymbolicName, instance, k.Port.String(), p.Login, flagsText(p.Flags), patternsText(p.Hosts)}}
}

func jsonTexts(all []string) (list jsonitem.List[jsonitem.Text]) {
	for _, s := range all {
		list = append(list, jsonitem.Text(s))
	}
	return list
}

// flagsText is security flags for people; empty: there are none.
func flagsText(f uint64) string {
	if f == 0 {
		return ""
	}
	return ipsec.Flags(f).String()
}

// patternsText is patterns of hosts for people.
func patternsText(all []string) string {
	if len(all) == 0 {
		return "all"
	}
	return strings.Join(all, ", ")
}

// portal returns the verbs about the portals that hosts are to ask.
func (c *command) portal() *cobra.Command {
	return c.nounOf("portal", "say which portals all hosts are to ask", manualPortal, c.portalAdd(), c.portalList(), c.portalRemove())
}

func (c *command) portalList() *cobra.Command {
	return c.listVerb(c.portals(nil), manualPortalList)
}

func (c *command) portalRemove() *cobra.Command {
	key := new(flags.Key)
	tcpPort := tcpPortFlag(key)
	cmd := c.removeVerb(c.portals(key), manualPortalRemove)
	c.AddFlags(cmd, append([]flags.Group{flags.NewGroup("The portals", tcpPort)}, c.Groups[cmd]...)...)
	return cmd
}

// tcpPortFlag defines the flag for portals without a TCP port.
func tcpPortFlag(key *flags.Key) *pflag.FlagSet {
	fs := flags.NewSet()
	fs.AddFlag(key.ListFlagSet().Lookup("tcp-port"))
	return fs
}

// portalAdd returns the verb that adds portals.
func (c *command) portalAdd() *cobra.Command {
	var (
		p        fleet.Portal
		key      = new(flags.Key)
		security flags.Security
	)
	cmd := &cobra.Command{
		Use: "add [FLAGS] PORTAL...", Short: "have all hosts ask these portals", Long: manualPortalAdd,
		Args: flags.Arguments(1, -1, "PORTAL"), ValidArgsFunction: cobra.NoFileCompletions,
	}
	from := flags.NewSet()
	all := key.FlagSet(false)
	for _, name := range []string{"instance", "initiator-port", "tcp-port"} {
		from.AddFlag(all.Lookup(name))
	}
	options := flags.NewSet()
	options.Var(flags.NewText(&p.SymbolicName, "TEXT"), "symbolic-name", "a label")
	options.Var(flags.NewText(&p.Login, "NAME"), "login", "login template of the fleet with which they are asked (discover fleet login list)")
	options.AddFlagSet(ipsecFlags(&security))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f, err := security.SecurityFlags()
		if err != nil {
			return err
		}
		if p.Flags = uint64(f); security.Given() && !f.Has(ipsec.FlagValid|ipsec.FlagIKE) {
			return exit.Usagef("a fleet may only make IPsec stronger: leave out --ipsec, or give flags that ask for it")
		}
		if err := key.CheckEntry(); err != nil {
			return err
		}
		p.Instance = key.Instance
		if key.Port.Given {
			n := key.Port.Number.Uint32()
			p.Port = &n
		}
		all, err := portalRecords(key, p, args)
		if err != nil {
			return err
		}
		return c.records(func(ctx context.Context, r *records, _ []string) error { return c.addPortals(ctx, r, all) })(cmd, args)
	}
	c.AddFlags(cmd,
		flags.NewGroup("The entries", from), flags.NewGroup("How they are asked", options), hostsFlag(&p.Hosts),
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// portalRecords makes a record for each portal. All are understood before one is written.
func portalRecords(key *flags.Key, like fleet.Portal, args []string) (all []fleet.Portal, err error) {
	for _, arg := range args {
		p, err := key.Portal(arg)
		if err != nil {
			return nil, err
		}
		one := like
		one.Address, one.TCPPort = p.Canonical(), p.Port
		if _, err := fleet.DecodePortal(p, one.Encode()); err != nil {
			return nil, exit.Usagef("portal %s: %v", wording.Quoted(arg), err)
		}
		all = append(all, one)
	}
	return all, nil
}

// stamp notes when a portal was changed: now, unless it is there already as it is to be.
func (c *command) stamp(ctx context.Context, r *records, p *fleet.Portal) error {
	key := c.fleet.Keys().Portal(p.Key().Portal)
	is, err := r.get(ctx, key)
	if err != nil {
		return err
	}
	p.Changed = time.Now().UTC().Truncate(time.Second)
	if is == nil {
		return nil
	}
	if was, err := fleet.DecodePortal(p.Key().Portal, is.Value); err == nil {
		same := *p
		if same.Changed = was.Changed; bytes.Equal(same.Encode(), is.Value) {
			p.Changed = was.Changed
		}
	}
	return nil
}

// addPortals writes records of portals, which have one login template.
func (c *command) addPortals(ctx context.Context, r *records, all []fleet.Portal) error {
	if login := all[0].Login; login != "" {
		at, err := r.get(ctx, c.fleet.Keys().Login(login))
		if err != nil {
			return err
		}
		if at == nil {
			c.Say("warning: the fleet has no login template %s yet: hosts do not take the portal before it has one; see discover fleet login add", login)
		}
	}
	for i := range all {
		if err := c.stamp(ctx, r, &all[i]); err != nil {
			return err
		}
		if err := c.addOne(ctx, r, c.portals(nil), c.fleet.Keys().Portal(all[i].Key().Portal), all[i].Encode()); err != nil {
			return err
		}
	}
	return nil
}
