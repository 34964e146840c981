package userspace

import "time"

// maxIKERate is how many IKE datagrams a second are given to a machine of a socket. The
// rest is dropped.
const maxIKERate = 1000

// A rate counts what comes within a second.
type rate struct {
	since time.Time
	count int
}

// allow reports whether one more is within the limit.
func (r *rate) allow(now time.Time) bool {
	if now.Sub(r.since) >= time.Second {
		r.since, r.count = now, 0
	}
	r.count++
	return r.count <= maxIKERate
}
