package target

import (
	"bytes"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// An addressCache keeps addresses of an answer as they were sent, and what they mean.
// The targets of a list mostly share a few, in one order.
type addressCache struct {
	known []cachedAddress // in the order in which they came first
	next  int             // which one is likely the next
	port  uint16          // of the portal in use, on which the meaning depends
	texts interner
	plain plainCache
}

type cachedAddress struct {
	text    string
	address Address
	kind    Kind
}

// maxRead is how many addresses are remembered.
const maxRead = 8

// reset makes r ready for the answer of a portal at a TCP port.
func (r *addressCache) reset(port uint16) {
	if port != r.port {
		clear(r.known)
		r.known, r.next, r.port = r.known[:0], 0, port
	}
}

// parse is ParseAddress for what may have been there before.
func (r *addressCache) parse(v []byte) (Address, Kind, string) {
	for range r.known {
		if r.next >= len(r.known) {
			r.next = 0
		}
		k := &r.known[r.next]
		if r.next++; k.text == string(v) {
			return k.address, k.kind, ""
		}
	}
	text := string(v)
	a, kind, reason := ParseAddress(text, r.port)
	if reason != "" {
		return a, kind, reason
	}
	a.Host = r.texts.intern([]byte(a.Host)) // a value is 8 KiB at most, and mostly not a host
	k := cachedAddress{text, a, kind}
	if len(r.known) < maxRead {
		r.known = append(r.known, k)
		r.next = len(r.known)
	} else {
		r.known[r.next%maxRead] = k
		r.next++
	}
	return a, kind, ""
}

// parseOrdinary parses the value that t begins with into a, and returns how many bytes it
// has with its NUL; zero: it is no ordinary address.
func (r *addressCache) parseOrdinary(a *Address, t []byte) (size int) {
	if size = r.parsePlain(a, t); size > 0 {
		return size
	}
	n := bytes.IndexByte(t[:min(len(t), pdu.MaxValueLen+1)], 0)
	if n < 0 {
		return 0
	}
	other, kind, reason := r.parse(t[:n])
	if *a = other; kind != ordinaryAddress || reason != "" {
		return 0
	}
	return n + 1
}
