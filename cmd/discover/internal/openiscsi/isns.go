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

// askISNS asks an iSNS server, where there is no real program, and prints its targets. The
// server becomes one of the registry, unless -o nonpersistent says otherwise.
func (t *tool) askISNS(ctx context.Context) error {
	for _, name := range t.call.Ifaces {
		t.Say("warning: iface %s does not count: an iSNS server is asked from where routing decides", name)
	}
	v := registry.ISNSServer{Address: initiator.Portal{Address: t.call.Portal.Address, Port: t.call.Portal.Port}}
	a := &answer{tool: t}
	nonpersistent := t.call.Ops&iscsiadm.NonPersistent != 0
	access := app.CreateIfMissing
	if nonpersistent {
		access = app.ReadOnly
	}
	opened := false
	err := t.WithAsking(ctx, access, &flags.Run{}, flags.NewIPsec(0), func(s *registry.Service) error {
		opened = true
		if nonpersistent {
			r := s.AskISNSServer(ctx, v)
			return a.addISNS(&r)
		}
		r, err := addISNS(ctx, s, v)
		if err != nil {
			return err
		}
		return a.addISNS(&r)
	})
	if err != nil && !opened {
		return t.storeFailed(err)
	}
	return err
}

// addISNS stores an iSNS server and asks it. A server that was not stored before, and does
// not answer, is not kept: iscsiadm keeps none either.
func addISNS(ctx context.Context, s *registry.Service, v registry.ISNSServer) (registry.ISNSResult, error) {
	checked, err := s.CheckISNSServer(ctx, v)
	if err != nil {
		return registry.ISNSResult{Server: v, Err: err}, nil
	}
	for known, err := range s.ISNSServers(ctx) {
		if bad := (*registry.RegistryError)(nil); err != nil && !errors.As(err, &bad) {
			return registry.ISNSResult{}, err
		}
		if canonical(known.Address) == canonical(checked.Address) {
			r, _ := s.RefreshISNSServer(ctx, checked.Address)
			return r, nil
		}
	}
	r, err := s.AddISNSServer(ctx, checked)
	if err != nil && r.Stored {
		err = s.RemoveISNSServer(context.WithoutCancel(ctx), checked.Address)
		r.Stored = err != nil
		return r, err
	}
	return r, nil
}

// canonical returns a server in the form in which two spellings of one are equal.
func canonical(p initiator.Portal) initiator.Portal {
	return initiator.Portal{Address: p.Canonical(), Port: p.Port}
}

// addISNS prints the answer of an iSNS server. A target without a portal has no line.
func (a *answer) addISNS(r *registry.ISNSResult) error {
	isnsverbs.SayWarnings(a.Command, r)
	if r.Err != nil {
		return a.status(iscsiadm.ExitQuery, iscsiadm.QueryFailed)
	}
	all := initiator.Result{Targets: r.Answer.Targets()}
	var b []byte
	found := false
	for n := range nodesOf(&all, iscsiadm.DefaultIface) {
		found = true
		if a.call.Print == 1 {
			b = a.tree.Append(b, &n.NodeRecord)
		} else if a.call.Print < 1 {
			b = append(append(append(b, n.portal()...), ' '), n.Name...)
			b = append(b, '\n')
		}
	}
	if !found {
		return a.status(iscsiadm.ExitNothing, "No portals found")
	}
	return write(a.Stdout, b)
}

// isnsServers returns the iSNS servers of the registry, with what each named.
func (t *tool) isnsServers(ctx context.Context, s *registry.Service) (all []iscsiadm.Found, err error) {
	at := make(map[initiator.Portal]int)
	for v, err := range s.ISNSServers(ctx) {
		if err != nil {
			return nil, err
		}
		at[canonical(v.Address)] = len(all)
		all = append(all, iscsiadm.Found{Portal: iscsiadm.Portal{Address: v.Address.Address, Port: v.Address.Port}})
	}
	if len(all) == 0 {
		return nil, nil
	}
	for known, err := range s.Targets(ctx, false) {
		if err != nil {
			return nil, err
		}
		for _, m := range known.Mechanisms {
			if i, ok := at[canonical(m.ISNS)]; ok && m.MissingSince.IsZero() {
				for _, n := range nodesAt(known.Name, m, iscsiadm.DefaultIface) {
					all[i].Nodes = append(all[i].Nodes, n.NodeRecord)
				}
			}
		}
	}
	return all, nil
}
