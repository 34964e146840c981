//go:build !windows

package terminal

import "io"

// PrepareScreen has nothing to do: terminals understand the sequences of a VT100.
func PrepareScreen(io.Writer) (restore func(), ok bool) { return func() {}, true }
