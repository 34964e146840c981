package openiscsi

import (
	"errors"
	"io"
	"iter"
	"strings"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// An answer is what came of asking a portal by each iface.
type answer struct {
	*tool
	lines  *render.ISCSIADMOutput // nil: lines are not what is printed
	broken error                  // why nothing more is printed; nil: it is

	tree   iscsiadm.Tree // of -P 1
	found  []node        // for the real program
	ok     bool          // one of the sessions found targets
	exit   int           // of the last that did not
	failed string        // the line for it
}

// begin has lines printed as they come.
func (a *answer) begin() {
	if a.call.Print > 0 {
		return
	}
	a.lines = render.NewISCSIADMOutput(a.Stdout, &render.Notes{Say: a.Say, Flush: func() error { return nil }})
	a.Found = func(b *initiator.Batch) {
		if a.broken != nil {
			return
		}
		if a.broken = a.lines.Targets(b); a.broken == nil {
			a.broken = a.lines.HandOn()
		}
	}
}

// add takes the result of a session.
func (a *answer) add(s *session, r initiator.Result) error {
	if a.broken != nil {
		return a.broken
	}
	a.LogResult(&r)
	a.NoteName(&r)
	for _, w := range r.Warnings {
		if w.Code != initiator.WarnReplaced && w.Code != initiator.WarnInitiatorName {
			a.Say("warning: %s", w.Message)
		}
	}
	if a.lines != nil && a.lines.LeftOut > 0 {
		a.Say("%s: %s", terminal.Visible(r.Asked.Portal.String()), render.AddressesLeftOut(a.lines.LeftOut))
		a.lines.LeftOut = 0
	}
	if err := a.take(nodesOf(&r, s.iface)); err != nil {
		return err
	}
	if r.Err == nil && r.Asked.Login.CHAPPolicy == login.CHAPPreferred && !r.Auth.Done {
		a.Say("warning: %s was asked without CHAP, which it did not choose", terminal.Visible(r.Asked.Portal.String()))
	}
	switch {
	case r.Err != nil:
		a.exit, a.failed = iscsiadm.Status(&r)
		a.Say("%s", withoutFlags(r.Err))
	case len(r.Targets) == 0:
		a.exit, a.failed = iscsiadm.ExitNothing, "No portals found"
	default:
		a.ok = true
	}
	return nil
}

// take prints the nodes of a session where -P 1 asks for that, and keeps them for the real
// program, no more than it gets.
func (a *answer) take(nodes iter.Seq[node]) error {
	var b []byte
	for n := range nodes {
		if a.call.Print == 1 {
			b = a.tree.Append(b, &n.NodeRecord)
		}
		if a.settings.real != "" && len(a.found) <= maxHandedOn {
			a.found = append(a.found, n)
		}
		if len(b) > maxTreeLines {
			if err := write(a.Stdout, b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	if len(b) == 0 {
		return nil
	}
	return write(a.Stdout, b)
}

// maxTreeLines is how much is printed at once, in bytes.
const maxTreeLines = 64 << 10

// withoutFlags leaves a hint out that names flags of other verbs: iscsiadm has none of them.
func withoutFlags(err error) error {
	var e *initiator.Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint, "--") {
		return err
	}
	plain := *e
	plain.Hint = ""
	return &plain
}

// end returns how the call ends.
func (a *answer) end() error {
	switch {
	case a.ok:
		return nil
	case a.failed == "": // the reason was said
		return exitStatus(a.exit)
	}
	return a.status(a.exit, "%s", a.failed)
}

// nodesOf yields what open-iscsi calls nodes: targets at addresses.
func nodesOf(r *initiator.Result, iface string) iter.Seq[node] {
	return func(yield func(node) bool) {
		for i := range r.Targets {
			t := &r.Targets[i]
			some := false
			for _, a := range t.Addresses {
				if a.Unusable != target.Usable {
					continue
				}
				some = true
				if !yield(newNode(t.Name, a, iface)) {
					return
				}
			}
			if !some && r.Address.IsValid() && !yield(nodeInUse(t.Name, r.Address, iface)) {
				return
			}
		}
	}
}

func write(w io.Writer, b []byte) error {
	_, err := w.Write(b)
	return err
}
