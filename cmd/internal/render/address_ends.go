package render

import "github.com/go-iscsi/discovery/pkg/initiator/target"

// addressEnds are how the ends of addresses are shown that came lately: what follows the
// host. Most addresses of a list have one port and one of few group tags.
type addressEnds struct {
	append func(b []byte, a *target.Address) []byte // shows one
	known  []knownEnd
	last   int // index of the end that was found last
}

// A knownEnd is what an address has beside its host, and how that is shown.
type knownEnd struct {
	port     uint16
	unusable target.Unusable
	reach    target.Reach
	group    int
	text     []byte
}

// maxEnds is how many are kept.
const maxEnds = 8

// of returns how the end of an address is shown. It is valid until the next call.
func (e *addressEnds) of(a *target.Address) []byte {
	for range e.known {
		if k := &e.known[e.last]; k.group == a.Group && k.port == a.Port && k.unusable == a.Unusable && k.reach == a.Reach {
			return k.text
		}
		if e.last++; e.last == len(e.known) {
			e.last = 0
		}
	}
	if len(e.known) < maxEnds {
		e.last = len(e.known)
		e.known = append(e.known, knownEnd{})
	} else {
		e.last = (e.last + 1) % maxEnds
	}
	k := &e.known[e.last]
	*k = knownEnd{a.Port, a.Unusable, a.Reach, a.Group, e.append(k.text[:0], a)}
	return k.text
}
