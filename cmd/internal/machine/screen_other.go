//go:build !windows

package machine

import "io"

// prepareScreen has nothing to do: terminals understand the sequences of a VT100.
func prepareScreen(io.Writer) (restore func(), ok bool) { return func() {}, true }
