package handshakes

import "time"

const (
	// young is for how long a handshake that will succeed is expected to take at most.
	young = 250 * time.Millisecond

	// ahead is how many connections are expected to wait for each session at most: a
	// target does not wait for a login without end.
	ahead = 4

	// memory is how many handshakes the odds are about.
	memory = 4096
)

// odds are how likely a handshake is to become a connection.
type odds struct {
	live, dead int // that became connections, and that came to nothing
	aged       int // of those under way: older than young
}

// decided counts a handshake.
func (o *odds) decided(live bool) {
	if live {
		o.live++
	} else {
		o.dead++
	}
	if o.live+o.dead > memory {
		o.live, o.dead = o.live/2, o.dead/2
	}
}

// expected returns how many of so many handshakes under way will become connections.
func (o *odds) expected(n int) int {
	return max(n-o.aged, 0) * (o.live + 1) / (o.live + o.dead + o.aged + 1)
}
