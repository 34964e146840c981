//go:build linux

package lio

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/uml"
)

// Targets of testSessions, and an address that no target has: its record is made by hand.
const (
	loginTarget = "iqn.2026-01.test.lio:login"
	groupTarget = "iqn.2026-01.test.lio:login6"
	handTarget  = "iqn.2026-01.test.lio:by-hand"
	handAddress = "10.99.0.2:3260,9"
)

// The exit statuses that discover iscsiadm and iscsiadm have in common.
const (
	exitAuthentication = 24
	exitNothing        = 21
)

// sessionStart begins a line of the sessions.
var sessionStart = regexp.MustCompile(`(?m)^tcp: \[\d+\] `)

// A shim is discover iscsiadm in the guest, and the real program that it hands on to.
type shim struct {
	world *world
	real  string
}

// testSessions: open-iscsi logs in to what discover iscsiadm has found, by the records that
// discover had it make.
func (w *world) testSessions(t *testing.T) {
	s := &shim{world: w, real: w.startOpenISCSI(t)}
	w.lio.Remove(t, named(w.names...)...)
	t.Cleanup(func() { w.lio.Add(t, named(w.names...)...) })
	w.add(t,
		uml.LIOTarget{Name: loginTarget, Addrs: []netip.Addr{first.Addr(), second.Addr()}},
		uml.LIOTarget{Name: groupTarget, Group: 7, Addrs: []netip.Addr{third.Addr()}})
	t.Cleanup(func() {
		if t.Failed() { // LIO does not let go of a target with a session
			_, _ = s.guest(t, s.real, "-m", "node", "--logoutall=all")
		}
	})
	kept := list{handTarget: {handAddress}}
	s.realRun(t, "-m", "node", "-T", handTarget, "-p", handAddress, "-o", "new")
	same(t, kept, s.nodes(t))

	lines := list{loginTarget: {"10.99.0.2:3260,1", "10.99.0.3:3260,1"}, groupTarget: {"[fd99::2]:3260,7"}}
	all := maps.Clone(lines)
	maps.Copy(all, kept)
	p1, p3 := w.portals()[0].String(), w.portals()[2].String()
	s.discover(t, p1, lines)
	same(t, all, s.nodes(t))

	node := []string{"-m", "node", "-T", loginTarget, "-p", p1}
	s.realRun(t, append(node, "-o", "update", "-n", "node.startup", "-v", "automatic")...)
	s.discover(t, p1, lines)
	s.discoverWithCHAP(t, p3, lines)
	same(t, all, s.nodes(t))
	if out := s.realRun(t, node...); !strings.Contains(out, "node.startup = automatic\n") {
		t.Errorf("after a second discovery, node.startup is not automatic any more:\n%s", out)
	}

	s.sessions(t, p1, p3)

	// The other portal has found the same nodes, so they stay until both are deleted.
	s.run(t, "-m", "discoverydb", "-t", "st", "-p", p3, "-o", "delete")
	same(t, all, s.nodes(t))
	s.run(t, "-m", "discoverydb", "-t", "st", "-p", p1, "-o", "delete")
	same(t, kept, s.nodes(t))
}

// discover discovers at a portal.
func (s *shim) discover(t *testing.T, portal string, want list) {
	t.Helper()
	same(t, want, parsed(t, s.run(t, "-m", "discovery", "-t", "st", "-p", portal)))
}

// discoverWithCHAP discovers at a portal that asks for CHAP, by a record that has the secret.
func (s *shim) discoverWithCHAP(t *testing.T, portal string, want list) {
	t.Helper()
	defer s.world.lio.Open(t)
	s.world.lio.CHAP(t, user, secret)
	record := []string{"-m", "discoverydb", "-t", "st", "-p", portal}
	s.run(t, append(record, "-o", "new")...)
	s.fails(t, exitAuthentication, append(record, "-D")...)
	const key = "discovery.sendtargets.auth."
	s.run(t, append(record, "-o", "update",
		"-n", key+"authmethod", "-v", "CHAP", "-n", key+"username", "-v", user, "-n", key+"password", "-v", secret)...)
	same(t, want, parsed(t, s.run(t, append(record, "-D")...)))
}

// sessions logs in to the two targets, each at one portal, and out again.
func (s *shim) sessions(t *testing.T, p1, p3 string) {
	t.Helper()
	nodes := [][]string{
		{"-m", "node", "-T", loginTarget, "-p", p1},
		{"-m", "node", "-T", groupTarget, "-p", p3},
	}
	for _, node := range nodes {
		s.run(t, append(node, "--login")...)
	}
	// As tcp: [1] 10.99.0.2:3260,1 iqn.2026-01.test.lio:login (non-flash).
	got := sessionStart.ReplaceAllString(s.run(t, "-m", "session"), "")
	same(t, list{loginTarget + " (non-flash)": {"10.99.0.2:3260,1"}, groupTarget + " (non-flash)": {"[fd99::2]:3260,7"}},
		parsed(t, got))
	for _, node := range nodes {
		s.run(t, append(node, "--logout")...)
	}
	s.fails(t, exitNothing, "-m", "session")
}

// nodes returns the nodes that the real program has.
func (s *shim) nodes(t *testing.T) list {
	t.Helper()
	return parsed(t, s.realRun(t, "-m", "node"))
}

// run runs discover iscsiadm, which must end well.
func (s *shim) run(t *testing.T, args ...string) string {
	t.Helper()
	return s.mustRun(t, append([]string{"discover", "iscsiadm"}, args...)...)
}

// realRun runs the real program, which must end well.
func (s *shim) realRun(t *testing.T, args ...string) string {
	t.Helper()
	return s.mustRun(t, append([]string{s.real}, args...)...)
}

// fails runs discover iscsiadm, which must end with an exit status.
func (s *shim) fails(t *testing.T, status int, args ...string) {
	t.Helper()
	var exit *uml.ExitError
	if out, err := s.guest(t, append([]string{"discover", "iscsiadm"}, args...)...); !errors.As(err, &exit) || exit.Status != status {
		t.Errorf("want exit status %d, got: %v\n%s", status, err, out)
	}
}

func (s *shim) mustRun(t *testing.T, args ...string) string {
	t.Helper()
	out, err := s.guest(t, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// guest runs a command in the guest.
func (s *shim) guest(t *testing.T, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	var out strings.Builder
	err := s.world.guest.Exec(ctx, uml.Command{
		Args: args,
		Env:  []string{"DISCOVER_ISCSIADM=" + s.real, "DISCOVER_REGISTRY=/run/discover/registry"},
	}, &out)
	return out.String(), err
}

func parsed(t *testing.T, out string) list {
	t.Helper()
	l, err := parseLines(out)
	if err != nil {
		t.Fatal(err)
	}
	return l
}
