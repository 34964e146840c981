package verbs

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// targetPrune returns the verb.
func (c *command) targetPrune() *cobra.Command {
	var missingFor time.Duration
	cmd := &cobra.Command{
		Use:               "prune [FLAGS]",
		Short:             "delete targets that are missing, or whose portal was removed",
		Long:              manual.TargetPrune,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 0, ""),
		RunE: c.Answer(func(cmd *cobra.Command, _ []string) error {
			if err := c.RefuseTargetLines(cmd); err != nil {
				return err
			}
			return c.WithService(cmd.Context(), app.Existing, c.NewDiscoverer(nil), func(s *registry.Service) error {
				return c.prune(cmd.Context(), s, missingFor)
			})
		}),
	}
	fs := flags.NewSet()
	fs.Var(flags.NewAge(&missingFor), "missing-for", "delete only targets that have been missing this long, such as 30d; default: all that are missing")
	c.AddFlags(cmd,
		flags.NewGroup("What to delete", fs),
		flags.NewGroup("Changes", c.Global.ChangeFlagSet()))
	return cmd
}

// jsonPruned is a target that is no longer known by a mechanism.
type jsonPruned struct {
	Name      jsonitem.Text `json:"name"`
	Mechanism jsonitem.Text `json:"mechanism"`
	FoundBy   *jsonitem.Key `json:"found_by"` // nil: an iSNS server named it
	Server    jsonitem.Text `json:"isns_server,omitempty"`
}

// prune forgets targets, and shows which.
func (c *command) prune(ctx context.Context, s *registry.Service, missingFor time.Duration) error {
	before, unreadBefore, err := knownRecords(ctx, s)
	if err != nil {
		return err
	}
	if _, err := s.PruneTargets(ctx, missingFor); err != nil {
		return err
	}
	after, unread, err := knownRecords(ctx, s)
	if err != nil {
		return err
	}
	left := make(map[recordKey]bool, len(after))
	for _, r := range after {
		left[r.key()] = true
	}
	head := "DELETED"
	if c.Global.DryRun {
		head = "WOULD BE DELETED"
	}
	l := c.NewListing("pruned", "pruned", head, "FOUND BY")
	l.Would = "would have deleted these"
	deleted := slices.DeleteFunc(before, func(r knownRecord) bool { return left[r.key()] })
	n := len(deleted)
	if damaged := len(unreadBefore) - len(unread); damaged > 0 {
		text := wording.Plural(damaged, "record", "records") + " of a target with a long name that could not be read"
		if l.Would = "would have removed " + text; n > 0 {
			l.Would += ", and deleted these"
		}
		if !c.Global.DryRun {
			c.Say("removed %s", text)
		}
	} else if n == 0 {
		l.Would = "would have deleted nothing"
		if c.ForPeople() && !c.Global.DryRun {
			c.Say("nothing to delete")
		}
	}
	for _, r := range deleted {
		if err := l.Item(r.jsonPruned, []string{string(r.Name), r.by}); err != nil {
			return err
		}
	}
	return c.EndListing(l, unread...)
}

// A knownRecord is a target by one mechanism.
type knownRecord struct {
	jsonPruned
	by string // for people
}

// A recordKey tells known records apart.
type recordKey struct{ name, mechanism jsonitem.Text }

func (r *knownRecord) key() recordKey { return recordKey{r.Name, r.Mechanism} }

// newKnownRecord returns what is known of a target by a mechanism that is not static.
func newKnownRecord(name string, m *registry.Mechanism) knownRecord {
	r := knownRecord{jsonPruned{Name: jsonitem.Text(name), Mechanism: jsonitem.Text(m.Text)}, render.MechanismText(m)}
	if m.ISNS.Address != "" {
		r.Server = jsonitem.Text(m.ISNS.String())
		return r
	}
	key := jsonitem.NewKey(m.Portal)
	r.FoundBy = &key
	return r
}

// knownRecords returns what was found, and the errors of records that cannot be read.
func knownRecords(ctx context.Context, s *registry.Service) (all []knownRecord, unread []error, err error) {
	for t, err := range s.Targets(ctx, false) {
		switch {
		case err != nil && !app.IsOneRecord(err):
			return nil, nil, err
		case err != nil:
			unread = append(unread, err)
		}
		for _, m := range t.Mechanisms {
			if !m.Static {
				all = append(all, newKnownRecord(t.Name, &m))
			}
		}
	}
	return all, unread, nil
}
