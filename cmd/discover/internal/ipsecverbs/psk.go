package ipsecverbs

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// jsonPSK is a preshared key, of which only is told that it is there.
type jsonPSK struct {
	ID     jsonitem.Text `json:"id"`
	Key    string        `json:"key"`     // "set"
	KeyRef jsonitem.Text `json:"key_ref"` // empty: it is sealed in the registry
	jsonitem.Scope
	jsonitem.Flags
}

func newJSONPSK(i *registry.IKEInfo) jsonPSK {
	return jsonPSK{ID: jsonitem.Text(i.ID), Key: "set", KeyRef: jsonitem.Text(i.KeyRef), Scope: jsonitem.NewScope(i.Instance, i.Port), Flags: jsonitem.NewFlags(i.Flags)}
}

// ipsecPSKSet returns the verb.
func (c *command) ipsecPSKSet() *cobra.Command {
	var given flags.Security
	var scope flags.Scope
	cmd := &cobra.Command{
		Use:   "set [FLAGS] ID REF",
		Short: "store the preshared key of a peer, or of all peers",
		Long:  manual.IPsecPSKSet,
		ValidArgsFunction: verb.CompleteEach(
			c.completeIdentity, verb.CompleteSecret(c.Command)),
		Args: verb.Both("ID", "REF"),
		RunE: func(cmd *cobra.Command, args []string) error {
			i, err := c.understandPSK(cmd.Context(), args, &given, &scope)
			if err != nil {
				return err
			}
			return c.RegistryVerb(app.CreateIfMissing, func(ctx context.Context, s *registry.Service, _ []string) error {
				return c.setPSK(ctx, s, i, given.Given())
			})(cmd, args)
		},
	}
	c.AddFlags(cmd,
		flags.NewGroup(flags.ScopeGroup, scope.FlagSet()),
		flags.NewGroup("The flags of portals with that identity that have none of their own", given.FlagSet()),
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

// setPSK stores a key, and says whether it replaces one. The flags of that one stay
// unless others are given: a new key must not be the reason why portals are asked in
// clear text.
func (c *command) setPSK(ctx context.Context, s *registry.Service, i registry.IKEInfo, flagsGiven bool) error {
	old, there, err := app.StoredPSK(ctx, s, &i)
	if err != nil {
		return err
	}
	if !flagsGiven {
		i.Flags = old.Flags
	}
	if err := s.SetIKEInfo(ctx, i, true); err != nil {
		return err
	}
	j := newJSONPSK(&i)
	switch {
	case !there:
		return c.Done("keys", "key", j, "stored the preshared key of %s%s", i.ID, j.Words())
	case i.Flags != old.Flags && old.Flags != 0:
		return c.Done("keys", "key", j, "replaced the preshared key of %s%s, and its flags %s by %s", i.ID, j.Words(), render.FlagsText(old.Flags), render.FlagsText(i.Flags))
	case i.Flags != 0:
		return c.Done("keys", "key", j, "replaced the preshared key of %s%s; its flags are %s", i.ID, j.Words(), render.FlagsText(i.Flags))
	}
	return c.Done("keys", "key", j, "replaced the preshared key of %s%s", i.ID, j.Words())
}

// understandPSK takes the command line in, and reads the key. What is wrong with
// the reference comes first, so that a key which was given in the place of the identity
// is not repeated.
func (c *command) understandPSK(ctx context.Context, args []string, given *flags.Security, scope *flags.Scope) (i registry.IKEInfo, err error) {
	var r flags.SecretRef
	if err := r.Set(args[1]); err != nil {
		return i, exit.Usagef("REF: %v", err)
	}
	if err := flags.CheckRefs(&c.Global.Key, &r); err != nil {
		return i, err
	}
	if err := scope.Check(); err != nil {
		return i, err
	}
	if i.ID, err = initiator.CanonicalIdentity(args[0]); err != nil {
		return i, exit.Usagef("ID: %s", wording.ConfigReason(err)) // not repeated: it may be a key in the wrong place
	}
	i.Instance, i.Port = scope.Instance, scope.Port.Number
	if i.Flags, err = given.SecurityFlags(); err != nil {
		return i, err
	}
	if given.Given() && i.ID == ipsec.GroupID {
		return i, exit.Usagef("--ipsec needs the identity of one peer; for all portals without flags use discover ipsec default")
	}
	if i.Key, err = r.Resolve(ctx, &c.Env, "REF", "preshared key of "+i.ID); err != nil {
		return i, err
	}
	if r.Lasts() {
		i.Key = auth.Secret{}
		i.KeyRef, err = r.Stored()
	}
	return i, err
}

// ipsecPSKList returns the verb.
func (c *command) ipsecPSKList() *cobra.Command {
	return &cobra.Command{
		Use:               "list [FLAGS]",
		Short:             "list the identities that have preshared keys",
		Long:              manual.IPsecPSKList,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 0, ""),
		RunE: c.RegistryVerb(app.ReadOnly, func(ctx context.Context, s *registry.Service, _ []string) error {
			l := c.NewListing("keys", "key", "IDENTITY", "INSTANCE", "PORT", "KEY", "FLAGS", "LIST")
			var unread []error
			for i, err := range s.IKEInfos(ctx) {
				if err != nil {
					unread = append(unread, err)
					continue
				}
				key, flags := "sealed", ""
				if i.KeyRef != "" {
					key = i.KeyRef
				}
				if i.Flags != 0 {
					flags = i.Flags.Hex()
				}
				j := newJSONPSK(&i)
				instance, port := j.Columns()
				if err := l.Item(j, []string{i.ID, instance, port, key, flags, jsonitem.FlagsList(i.Flags)}); err != nil {
					return err
				}
			}
			if l.Empty() && c.ForPeople() && len(unread) == 0 {
				c.Say("no preshared keys in the registry %s; store one with discover ipsec psk set ID REF", c.RegistryName())
			}
			return c.EndListing(l, unread...)
		}),
	}
}

// ipsecPSKRemove returns the verb.
func (c *command) ipsecPSKRemove() *cobra.Command {
	var scope flags.Scope
	cmd := &cobra.Command{
		Use:               "remove [FLAGS] ID",
		Short:             "remove a preshared key",
		Long:              manual.IPsecPSKRemove,
		ValidArgsFunction: verb.CompleteFromRegistry(c.Command, pskNames),
		Args:              flags.Arguments(1, 1, "ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := scope.Check(); err != nil {
				return err
			}
			id, bad := initiator.CanonicalIdentity(args[0])
			if bad != nil {
				id = args[0] // perhaps of an older version, which took it for an identity
			}
			return c.RegistryVerb(app.Existing, func(ctx context.Context, s *registry.Service, _ []string) error {
				err := s.RemoveIKEInfo(ctx, id, scope.Instance, scope.Port.Number)
				if refused := (*isdsc.Error)(nil); bad != nil && errors.As(err, &refused) {
					return exit.Usagef("ID: %s", wording.ConfigReason(bad)) // not repeated, as by psk set
				}
				if err != nil {
					return err
				}
				return c.Done("removed", "removed", jsonID{jsonitem.Text(id)}, "removed the preshared key of %s", id)
			})(cmd, args)
		},
	}
	c.AddFlags(cmd, flags.NewGroup(flags.ScopeGroup, scope.FlagSet()), flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	verb.CompleteKeyFlags(c.Command, cmd)
	return cmd
}

type jsonID struct {
	ID jsonitem.Text `json:"id"`
}

// completeIdentity offers the word for all peers, and the identities of the keys.
func (c *command) completeIdentity(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return append([]string{ipsec.GroupID}, verb.FromRegistry(cmd.Context(), c.Command, pskNames)...), cobra.ShellCompDirectiveNoFileComp
}

func pskNames(ctx context.Context, s *registry.Service) (names []string) {
	for i, err := range s.IKEInfos(ctx) {
		if err != nil && !app.IsOneRecord(err) || len(names) == verb.MaxOffered {
			break
		}
		names = append(names, i.ID)
	}
	return names
}
