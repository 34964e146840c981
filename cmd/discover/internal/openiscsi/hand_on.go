package openiscsi

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// How much is handed on to the real program at most.
const (
	maxHandedOn    = 1000             // nodes of one discovery
	maxRealListing = 64 << 20         // bytes of its listing
	maxRealSaid    = 4096             // bytes of what it says beside that
	handOnLimit    = 60 * time.Second // for all of it
)

// handOn has the real program know the nodes that were found and that it lacks: nothing
// that it has is changed. A record that exists must not be made again, which would reset
// it, so its listing goes first.
func (a *answer) handOn(ctx context.Context) error {
	if a.settings.real == "" || !a.ok {
		return nil
	}
	if err := a.checkReal(); err != nil {
		return exitStatus(iscsiadm.ExitStore) // the reason was said
	}
	ctx, cancel := context.WithTimeout(ctx, handOnLimit)
	defer cancel()
	has, err := a.realNodes(ctx)
	if err != nil {
		return a.status(iscsiadm.ExitStore, "the targets were found, but %s did not list what it has: %v", a.settings.real, err)
	}
	handed := 0
	for _, n := range a.found {
		if !n.hasISCSIName() || has[n.NodeRecord] {
			continue
		}
		if handed++; handed > maxHandedOn {
			return a.status(iscsiadm.ExitStore, "%d nodes were handed on to %s, the most of one discovery: the others are not in its database", maxHandedOn, a.settings.real)
		}
		has[n.NodeRecord] = true
		if _, err := a.realRun(ctx, "-m", "node", "-T", n.Name, "-p", n.portal(), "-I", n.Iface, "-o", "new"); err != nil {
			return a.status(iscsiadm.ExitStore, "the targets were found, but %s did not take %s at %s: %v", a.settings.real, n.Name, n.portal(), err)
		}
	}
	return nil
}

// realNodes returns the nodes that the real program has.
func (t *tool) realNodes(ctx context.Context) (map[iscsiadm.NodeRecord]bool, error) {
	out, err := t.realRun(ctx, "-m", "node", "-P", "1")
	if err != nil && !isNothing(err) {
		return nil, err
	}
	has := make(map[iscsiadm.NodeRecord]bool)
	for _, n := range parseTree(out) {
		has[n] = true
	}
	return has, nil
}

// isNothing reports that the real program has no such record.
func isNothing(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == iscsiadm.ExitNothing
}

// errTooMuch is why a program is ended that prints too much.
var errTooMuch = errors.New("it printed more than " + strconv.Itoa(maxRealListing>>20) + " MiB")

// realRun runs the real program, and returns what it prints.
func (t *tool) realRun(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := &limited{room: maxRealListing, full: func() { cancel(errTooMuch) }}
	said := &limited{room: maxRealSaid, full: func() {}}
	cmd := t.realCommand(ctx, args...)
	cmd.Stdout, cmd.Stderr = out, said
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err != nil:
		if lines := strings.Split(strings.TrimSpace(string(said.b)), "\n"); lines[len(lines)-1] != "" {
			err = fmt.Errorf("%w: %s", err, lines[len(lines)-1])
		}
	}
	return out.b, err
}

// A limited buffer takes no more than its room: full is called when more comes.
type limited struct {
	b    []byte
	room int
	full func()
}

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.room-len(l.b))
	if l.b = append(l.b, p[:n]...); n < len(p) {
		l.full()
	}
	return len(p), nil
}

// deleteNodes has the real program forget the nodes that were found at the portal of the
// call, and at no other: that is what -o delete of its record means. Portals of one target
// often list the same nodes, and the other portal's record is still there.
func (t *tool) deleteNodes(ctx context.Context, s *registry.Service) error {
	if t.settings.real == "" {
		return nil
	}
	if err := t.checkReal(); err != nil {
		return err
	}
	nodes, err := t.nodes(ctx, s)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, handOnLimit)
	defer cancel()
	has, err := t.realNodes(ctx)
	if err != nil {
		return t.status(iscsiadm.ExitStore, "nothing was deleted: %s did not list what it has: %v", t.settings.real, err)
	}
	for _, n := range nodes {
		if !t.foundThere(&n) {
			delete(has, n.NodeRecord)
		}
	}
	for _, n := range nodes {
		if !has[n.NodeRecord] {
			continue
		}
		delete(has, n.NodeRecord)
		if _, err := t.realRun(ctx, "-m", "node", "-T", n.Name, "-p", n.portal(), "-I", n.Iface, "-o", "delete"); err != nil && !isNothing(err) {
			return t.status(iscsiadm.ExitStore, "%s did not delete %s at %s: %v", t.settings.real, n.Name, n.portal(), err)
		}
	}
	return nil
}

// foundThere reports a node that was found at the portal, or the iSNS server, of the call.
func (t *tool) foundThere(n *node) bool {
	return n.via == t.recordType() && t.isAsked(placeOf(n.from))
}

// login logs in to what was found, by the real program, where -l asks for it.
func (a *answer) login(ctx context.Context) error {
	switch {
	case !a.call.Login || !a.ok:
		return nil
	case a.settings.real == "":
		return a.status(iscsiadm.ExitElsewhere, "-l is not here: discover finds targets and logs in to none; set %s=/usr/sbin/iscsiadm", realVariable)
	}
	done := make(map[iscsiadm.NodeRecord]bool)
	exit := 0 // of the last that failed
	for _, n := range a.found {
		if done[n.NodeRecord] || !n.hasISCSIName() {
			continue
		}
		done[n.NodeRecord] = true
		// It says by itself what it does, and what fails.
		cmd := a.realCommand(ctx, "-m", "node", "-T", n.Name, "-p", n.portal(), "-I", n.Iface, "-l")
		cmd.Stdout, cmd.Stderr = a.Stdout, a.Stderr
		err := cmd.Run()
		var failed *exec.ExitError
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &failed) && failed.ExitCode() > 0:
			exit = failed.ExitCode()
		case err != nil:
			return a.status(iscsiadm.ExitFailed, "%s: %v", a.settings.real, err)
		}
	}
	if exit != 0 {
		return exitStatus(exit)
	}
	return nil
}

// realCommand is the real program with arguments.
func (t *tool) realCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, t.settings.real, args...)
	cmd.Env = append(cmd.Environ(), viaVariable+"=1")
	endTogether(cmd) // a wrapper's children, too
	cmd.WaitDelay = time.Second
	return cmd
}
