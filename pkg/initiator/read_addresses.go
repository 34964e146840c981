package initiator

// readAddresses are addresses of an answer as they were sent, and what they mean.
// The targets of a list mostly share a few, in one order.
type readAddresses struct {
	known []readAddress // in the order in which they came first
	next  int           // which one is likely the next
	port  uint16        // of the portal in use, on which the meaning depends
	texts texts
}

type readAddress struct {
	text    string
	address TargetAddress
	kind    addressKind
}

// maxRead is how many addresses are remembered.
const maxRead = 8

// reset makes r ready for the answer of a portal at a TCP port.
func (r *readAddresses) reset(port uint16) {
	if port != r.port {
		clear(r.known)
		r.known, r.next, r.port = r.known[:0], 0, port
	}
}

// parse is ParseTargetAddress for what may have been there before.
func (r *readAddresses) parse(v []byte) (TargetAddress, addressKind, string) {
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
	a, kind, reason := ParseTargetAddress(text, r.port)
	if reason != "" {
		return a, kind, reason
	}
	a.Host = r.texts.string([]byte(a.Host)) // a value is 8 KiB at most, and mostly not a host
	k := readAddress{text, a, kind}
	if len(r.known) < maxRead {
		r.known = append(r.known, k)
		r.next = len(r.known)
	} else {
		r.known[r.next%maxRead] = k
		r.next++
	}
	return a, kind, ""
}
