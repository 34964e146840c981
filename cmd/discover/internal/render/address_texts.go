package render

import "github.com/go-iscsi/discovery/pkg/initiator/target"

// addressTexts are how addresses are shown that came lately: most targets of a list
// share a few.
type addressTexts struct {
	append func(b []byte, a target.Address) []byte // shows one
	known  []knownAddress
	last   int // of them, that was met
}

type knownAddress struct {
	address target.Address
	text    []byte
}

// maxTexts is how many are kept.
const maxTexts = 8

// of returns how an address is shown. It is valid until the next call.
func (t *addressTexts) of(a target.Address) []byte {
	for range t.known {
		if k := &t.known[t.last]; k.address == a {
			return k.text
		}
		if t.last++; t.last == len(t.known) {
			t.last = 0
		}
	}
	if len(t.known) < maxTexts {
		t.last = len(t.known)
		t.known = append(t.known, knownAddress{})
	} else {
		t.last = (t.last + 1) % maxTexts
	}
	k := &t.known[t.last]
	k.address, k.text = a, t.append(k.text[:0], a)
	return k.text
}
