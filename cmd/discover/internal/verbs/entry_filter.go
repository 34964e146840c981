package verbs

import (
	"context"
	"errors"
	"iter"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// An entryFilter selects entries of the registry: those of the portals, blocks and ranges
// that the arguments name, from the ports that the key flags name.
type entryFilter struct {
	key     flags.Key
	portals *sweep.Match    // nil: those of all portals
	ports   *ports.Selector // nil: no source address was given
}

// understand takes the arguments in. One without a TCP port means a portal at every port.
func (f *entryFilter) understand(w *machine.Env, args []string) error {
	if err := f.key.CheckEntry(); err != nil || len(args) == 0 {
		return err
	}
	p, err := sweep.ParsePortals(args, 0, w)
	if err == nil {
		f.portals = p.Match()
	}
	return err
}

// entries yields the entries that are selected. An entry that cannot be read comes with an
// error if its key is selected; an error without a portal is the registry's.
func (f *entryFilter) entries(ctx context.Context, s *registry.Service) iter.Seq2[registry.StoredPortal, error] {
	return func(yield func(registry.StoredPortal, error) bool) {
		if f.key.Source.IsValid() {
			var err error
			if f.ports, err = s.Selector(ctx, false); err != nil {
				yield(registry.StoredPortal{}, err)
				return
			}
		}
		for p, err := range s.SendTargetPortals(ctx) {
			if broken := err != nil && p.Portal.Address == ""; !broken && !f.selects(p.Key()) {
				continue
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

func (f *entryFilter) selects(k initiator.Key) bool {
	if f.key.Instance != "" && !f.key.OfInstance(k.Instance) || f.key.Port.Given && k.Port != f.key.Port.Number {
		return false
	}
	if f.ports != nil {
		if port, ok := f.ports.Find(k.Instance, f.key.Source); !ok || port.Number != k.Port {
			return false
		}
	}
	return f.portals == nil || f.portals.Has(k.Portal)
}

// unmet returns an error for each argument that selected no entry. It names similar entries.
func (f *entryFilter) unmet(ctx context.Context, s *registry.Service) []error {
	if f.portals == nil {
		return nil
	}
	return unmetPortals(ctx, s, f.portals)
}

// unmetPortals returns an error for each argument of m that named nothing.
func unmetPortals(ctx context.Context, s *registry.Service, m *sweep.Match) (missing []error) {
	portals, blocks := m.Unmet()
	for _, p := range portals {
		reason := "it is not in the registry"
		if near, err := s.Near(ctx, initiator.Key{Portal: p}); err == nil && len(near) > 0 {
			reason = "no entry of the registry is selected; there is " + app.ListKeys(near)
		}
		missing = append(missing, notFound(p, reason))
	}
	for _, b := range blocks {
		missing = append(missing, notFound(initiator.Portal{Address: b}, "no entry of the registry is selected"))
	}
	return missing
}

// notFound is the failed result of an argument that is about nothing in the registry: a
// portal, without a TCP port where none was given, or a block.
func notFound(p initiator.Portal, reason string) error {
	e := &isdsc.Error{Code: isdsc.PortalNotFound, What: "portal", Reason: reason}
	if p.Port == 0 {
		e.What += " " + p.Host()
		p = initiator.Portal{}
	}
	return &initiator.Error{Stage: initiator.StageValidate, Portal: p, Err: e}
}

// An endOfList is how a list ended that arguments may have selected.
type endOfList struct {
	shown  int     // items
	unread []error // of records that cannot be read
	unmet  []error // of arguments that selected nothing
}

// status is the exit status: 1 where arguments selected nothing and no item is shown, 3 where
// some did not, or where records cannot be read. written is how the output ended.
func (e *endOfList) status(written error) error {
	var status exit.StatusError
	if written != nil && !errors.As(written, &status) {
		return written
	}
	err := app.UnreadStatus(e.unread)
	switch {
	case len(e.unmet) == 0:
		return err
	case e.shown == 0:
		return exit.StatusError(exit.Failed)
	}
	return app.Worse(exit.StatusError(exit.Partly), err)
}

// all returns the errors in the order in which they are told.
func (e *endOfList) all() []error { return append(append([]error(nil), e.unread...), e.unmet...) }
