//go:build linux

package iscsiadm

// A place is whether there is a real program to hand things on to.
type place uint

const (
	alone place = 1 << iota
	beside
)

// A difference is what our program does otherwise than the real one, on purpose.
type difference struct {
	script string
	number int    // of the case, from 0
	line   string // its command line
	where  place
	why    string

	// What ours answers.
	exit   int
	stdout string
	stderr string // one of the lines
}

// differences are all that there are.
var differences = []difference{}
