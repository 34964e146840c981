package openiscsi

import (
	"context"
	"errors"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/cmd/discover/internal/isnsverbs"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// askISNS asks an iSNS server, once for each iface, and prints its targets. Of an iface
// the initiator name counts alone: the real program, too, asks a server from where routing
// decides. The server becomes one of the registry, unless -o nonpersistent says otherwise.
func (t *tool) askISNS(ctx context.Context) error {
	a := &serverAnswer{answer: answer{tool: t}}
	var err error
	if a.sessions, err = t.sessions(ctx); err != nil {
		return err
	}
	if t.call.Ops&iscsiadm.NonPersistent != 0 {
		_, err = a.ask(ctx, app.ReadOnly)
		return err
	}
	if t.call.Mode == iscsiadm.DiscoveryDB {
		if a.record, err = t.recordToAsk(ctx); err != nil {
			return err
		}
	}
	a.store = true
	opened, err := a.ask(ctx, app.CreateIfMissing)
	if !opened && readOnly(err) {
		t.Say("the registry cannot be written, so nothing is stored: %s", initiator.Reason(err))
		a.store = false
		opened, err = a.ask(ctx, app.ReadOnly)
	}
	if err != nil && !opened {
		return t.storeFailed(err)
	}
	return a.thenReal(ctx, err)
}

// A serverAnswer is what came of asking an iSNS server by each iface.
type serverAnswer struct {
	answer
	sessions []session
	record   *iscsiadm.Record // to be kept; nil: none
	store    bool             // in the registry
}

// ask asks the server for each session. opened is false where the registry could not be
// opened.
func (a *serverAnswer) ask(ctx context.Context, access app.Access) (opened bool, err error) {
	err = a.WithAsking(ctx, access, &flags.Run{}, flags.NewIPsec(0), func(s *registry.Service) error {
		opened = true
		if a.store && a.record != nil {
			if err := a.keep(ctx, s, a.record); err != nil {
				return err
			}
		}
		for i := range a.sessions {
			r, err := a.one(ctx, s, &a.sessions[i])
			if err == nil {
				err = a.add(&a.sessions[i], &r)
			}
			if err != nil {
				return err
			}
		}
		return a.end()
	})
	return opened, err
}

// one asks the server for a session. The registry knows a server by one initiator name, so
// what it says to another name is not stored.
func (a *serverAnswer) one(ctx context.Context, s *registry.Service, by *session) (registry.ISNSResult, error) {
	v := registry.ISNSServer{Address: a.asked()}
	switch {
	case by.name != "":
		if a.store {
			a.Say("warning: the answer to the initiator name of iface %s is not stored: the registry asks a server by one name", by.iface)
		}
		asker := &isnsverbs.Asker{Name: by.name, Command: a.Command}
		return asker.Ask(ctx, v.Address), nil
	case !a.store:
		return s.AskISNSServer(ctx, v), nil
	}
	r, made, err := storeServer(ctx, s, v)
	if err != nil || !r.Stored {
		return r, err
	}
	ctx, server := context.WithoutCancel(ctx), r.Server.Address.String()
	if made {
		if err := a.note(ctx, s, serverMadeKind, server, "yes"); err != nil {
			return r, err
		}
	}
	return r, a.note(ctx, s, serverIfaceKind, by.iface, server)
}

// storeServer stores an iSNS server and asks it. A server that was not stored before, and
// does not answer, is not kept: the real program keeps none either.
func storeServer(ctx context.Context, s *registry.Service, v registry.ISNSServer) (r registry.ISNSResult, made bool, err error) {
	checked, err := s.CheckISNSServer(ctx, v)
	if err != nil {
		return registry.ISNSResult{Server: v, Err: err}, false, nil
	}
	_, known, err := storedServer(ctx, s, checked.Address)
	switch {
	case err != nil:
		return r, false, err
	case known:
		r, _ = s.RefreshISNSServer(ctx, checked.Address)
		return r, false, nil
	}
	r, err = s.AddISNSServer(ctx, checked)
	if err != nil && r.Stored {
		err = s.RemoveISNSServer(context.WithoutCancel(ctx), checked.Address)
		r.Stored = err != nil
		return r, false, err
	}
	return r, r.Stored, nil
}

// storedServer returns the iSNS server of an address from the registry. One that cannot be
// read is passed over: asking it will say so.
func storedServer(ctx context.Context, s *registry.Service, address initiator.Portal) (v registry.StoredISNSServer, known bool, err error) {
	for v, err := range s.ISNSServers(ctx) {
		if bad := (*registry.RegistryError)(nil); err != nil && !errors.As(err, &bad) {
			return v, false, err
		}
		if err == nil && samePlace(v.Address, address) {
			return v, true, nil
		}
	}
	return v, false, nil
}

// add prints the answer of the server. A target without a portal has no line.
func (a *serverAnswer) add(by *session, r *registry.ISNSResult) error {
	isnsverbs.SayWarnings(a.Command, r)
	if r.Err != nil {
		a.exit, a.failed = iscsiadm.ExitQuery, iscsiadm.QueryFailed
		return nil
	}
	all := initiator.Result{Targets: r.Answer.Targets()}
	if err := a.take(nodesOf(&all, by.iface)); err != nil {
		return err
	}
	var b []byte
	found := false
	for n := range nodesOf(&all, by.iface) {
		found = true
		if a.call.Print < 1 {
			b = append(append(append(append(b, n.portal()...), ' '), n.Name...), '\n')
		}
	}
	if !found {
		a.exit, a.failed = iscsiadm.ExitNothing, "No portals found"
		return nil
	}
	a.ok = true
	return write(a.Stdout, b)
}

// deleteServer forgets the record of an iSNS server and what was found by it: also the
// server of the registry, if iscsiadm has made it and its options are still the standard.
// recorded reports that there is a record; a discovery without one makes a server as well.
func (t *tool) deleteServer(ctx context.Context, s *registry.Service, recorded bool) error {
	notes, made, err := s.ToolRecord(ctx, toolName, serverMadeKind, nameOf(t.call.Portal))
	if err != nil {
		return err
	}
	if !made {
		if err := t.call.CheckRecord(recorded); err != nil {
			return err
		}
	}
	if err := t.deleteNodes(ctx, s); err != nil {
		return err
	}
	v, known, err := storedServer(ctx, s, t.asked())
	if known && notes.Fields[v.Address.String()] != "" && v.ISNSServer == (registry.ISNSServer{Address: v.Address}) {
		err = s.RemoveISNSServer(ctx, v.Address)
	}
	if err != nil {
		return err
	}
	return t.forget(ctx, s, serverIfaceKind, serverMadeKind)
}

// isnsServers returns the iSNS servers of all records and of the registry, each once and in
// order.
func isnsServers(ctx context.Context, s *registry.Service) ([]iscsiadm.Portal, error) {
	all, err := recorded(ctx, s, serverRecords)
	if err != nil {
		return nil, err
	}
	for v, err := range s.ISNSServers(ctx) {
		if err != nil {
			return nil, err
		}
		all = append(all, iscsiadm.Portal{Address: v.Address.Address, Port: v.Address.Port})
	}
	return inOrder(all), nil
}
