package exit

import "fmt"

// The exit status.
const (
	OK     = 0
	Failed = 1 // no portal answered, or the operation failed
	Usage  = 2 // the command line was not understood: nothing was sent or stored
	Partly = 3 // some portals did not answer
)

// A StatusError is an exit status of which everything was said already.
type StatusError int

// Error names the exit status.
func (e StatusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }
