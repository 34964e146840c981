//go:build linux

package uml

import (
	"context"
	"testing"
)

// A Daemon is a command that runs in a guest beside the test.
type Daemon struct {
	output *tail
	stop   context.CancelFunc
	done   chan struct{}
	err    error // to be read after done is closed
}

// Start starts a command in the guest, which is ended at the end of the test. If
// the test has failed by then, it gets what the command printed.
func (g *Guest) Start(t testing.TB, cmd Command) *Daemon {
	ctx, stop := context.WithCancel(context.Background())
	d := &Daemon{output: &tail{}, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(d.done)
		d.err = g.client.Run(ctx, cmd, d.output, d.output)
	}()
	t.Cleanup(func() {
		d.Stop()
		if t.Failed() {
			t.Logf("%s printed in the guest:\n%s", cmd.Args[0], d.output)
		}
	})
	return d
}

// Stop ends the command and all that it started, and waits until it has ended. A
// second Stop does nothing.
func (d *Daemon) Stop() {
	d.stop()
	<-d.done
}

// Done is closed when the command has ended.
func (d *Daemon) Done() <-chan struct{} { return d.done }

// Wait waits for the end of the command and returns what Guest.Exec does, or
// context.Canceled where the command was stopped.
func (d *Daemon) Wait() error {
	<-d.done
	return d.err
}

// Ended tells whether the command has ended.
func (d *Daemon) Ended() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// Output returns the end of what the command has printed so far.
func (d *Daemon) Output() string { return d.output.String() }
