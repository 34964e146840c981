package auth

import "sync"

// tailLen is how many bytes at the end of a challenge tell it from all others.
const tailLen = 8

type tail [tailLen]byte

// Challenges are the challenges of ours that are in flight, in all sessions that
// share the value: a target that sends one of them back, on whichever
// connection, wants us to make the response that it cannot (RFC 7143, section
// 9.2.1). The zero value is empty and ready to use, from several goroutines.
//
// A challenge is told by its end. The hash has no border between secret and
// challenge, so where one secret happens to begin with the other, a challenge
// of ours with some bytes put in front or cut off there serves a target as well
// as the whole.
type Challenges struct {
	mu    sync.Mutex
	tails map[tail]struct{} // guarded by mu
}

// Len returns how many are in flight: one for each mutual exchange that has
// challenged the target and is not closed.
func (c *Challenges) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.tails)
}

// add reports whether the challenge is new, and if so, puts it in.
func (c *Challenges) add(challenge []byte) bool {
	t, ok := tailOf(challenge)
	if !ok {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.tails[t]; ok {
		return false
	}
	if c.tails == nil {
		c.tails = make(map[tail]struct{})
	}
	c.tails[t] = struct{}{}
	return true
}

// has reports whether the challenge is one of ours.
func (c *Challenges) has(challenge []byte) bool {
	t, ok := tailOf(challenge)
	if !ok {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok = c.tails[t]
	return ok
}

// remove takes the challenge out.
func (c *Challenges) remove(challenge []byte) {
	t, ok := tailOf(challenge)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tails, t)
}

// sameTail reports whether one challenge could stand for the other.
func sameTail(a, b []byte) bool {
	s, ok := tailOf(a)
	t, ok2 := tailOf(b)
	return ok && ok2 && s == t
}

// tailOf returns the end of a challenge. None of ours is shorter than that.
func tailOf(challenge []byte) (t tail, ok bool) {
	if len(challenge) < tailLen {
		return t, false
	}
	return tail(challenge[len(challenge)-tailLen:]), true
}
