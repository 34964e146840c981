package iscsitest

import (
	"fmt"
	"net"
)

// A Script is the target's side of one connection, a rung of the ladder per
// line. After its last step the initiator has to close the connection without
// another word; end with Close, Reset or Silence where it is otherwise.
type Script []Step

// A Step is one rung. A test may write its own as a function.
type Step func(*Conn) error

// Handle takes the steps in order, and then waits for the initiator to close.
func (s Script) Handle(c *Conn) error {
	for i, step := range s {
		if err := step(c); err == errOver {
			return nil
		} else if err != nil {
			return fmt.Errorf("iscsitest: step %d of the script: %w", i+1, err)
		}
	}
	return c.WaitGone()
}

// Serve runs the script on nc.
func (s Script) Serve(nc net.Conn) error { return Serve(nc, s) }

// Handle takes the one step, and then waits for the initiator to close.
func (s Step) Handle(c *Conn) error { return Script{s}.Handle(c) }
