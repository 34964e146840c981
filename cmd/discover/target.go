package main

import "github.com/spf13/cobra"

// target returns the verbs about the targets that are known.
func (c *command) target() *cobra.Command {
	return c.noun("target", "show the targets that are known, and how", targetManual,
		c.targetList(), c.targetAdd(), c.targetRemove(), c.targetPrune())
}
