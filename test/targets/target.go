// Package targets starts real iSCSI targets for tests: gotgt, tgt and istgt,
// each as a child process on free ports, and stops them so that no process and
// no file stays behind. It also runs the reference initiator iscsi-ls, and
// captures what goes over the wire for Wireshark to judge.
//
// What is missing on a machine is reported by package need: the test is
// skipped, or fails, with a text that says what to install.
//
// Everything can be done in a network namespace of package netns. A test
// package that calls netns.Isolate in its TestMain is in one as a whole and
// need not mention it again.
package targets

import (
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/netns"
)

const (
	startLimit = 20 * time.Second     // for a target to become ready
	pollEvery  = 2 * time.Millisecond // between two looks whether it is
)

var (
	errEnded = errors.New("targets: the process ended before it was ready")
	errLimit = errors.New("targets: the process was not ready in time")
)

// A Target is a real target that runs.
type Target struct {
	// Portals are the addresses and ports where it listens, in the order in
	// which they were asked for.
	Portals []netip.AddrPort
	// Targets are the names of its iSCSI targets.
	Targets []string
	// Namespace is where it runs; nil: where the test does.
	Namespace *netns.Namespace

	process *netns.Process
	output  *output
}

// URL returns the first portal as iscsi-ls wants it. A CHAP user and secret go
// in with CHAP.URL.
func (g *Target) URL() string { return "iscsi://" + g.Portals[0].String() }

// Pid returns the number of the target's process.
func (g *Target) Pid() int { return g.process.Pid() }

// Ended tells whether the process has ended, stopped or crashed.
func (g *Target) Ended() bool { return g.process.Ended() }

// Output returns what the target has printed so far.
func (g *Target) Output() string { return g.output.String() }

// Stop ends the target and waits until its process is gone and its port free.
// The end of the test does the same; a second Stop does nothing.
func (g *Target) Stop() { g.process.Kill() }

// run starts cmd as the target's process, to be stopped when the test ends. If
// the test has failed by then, it gets what the process printed.
func (g *Target) run(t testing.TB, cmd *exec.Cmd) error {
	g.output = &output{}
	if cmd.Stdout == nil {
		cmd.Stdout = g.output
	}
	cmd.Stderr = g.output
	p, err := g.Namespace.Start(cmd)
	if err != nil {
		return err
	}
	g.process = p
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s printed:\n%s", cmd.Path, g.output)
		}
	})
	return nil
}

// await returns when ready does, with nil for its readiness or an error other
// than errAgain, when the process has ended, or when it took too long.
func (g *Target) await(ready func() error) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	limit := time.After(startLimit)
	for {
		err := ready()
		if !errors.Is(err, errAgain) {
			return err
		}
		select {
		case <-g.process.Done():
			return fmt.Errorf("%w: %s", errEnded, g.output)
		case <-limit:
			return fmt.Errorf("%w: %w: %s", errLimit, err, g.output)
		case <-tick.C:
		}
	}
}

// errAgain is the error of a look that was too early.
var errAgain = errors.New("targets: not ready yet")
