package initiator

// readAddresses are addresses of an answer as they were sent, and what they mean.
// The targets of a list mostly share a few, in one order.
type readAddresses struct {
	known []readAddress // in the order in which they came first
	next  int           // which one is likely the next
	texts texts
}

type readAddress struct {
	text    string
	address TargetAddress
}

// maxRead is how many addresses are remembered.
const maxRead = 8

// parse is parseTargetAddress for what may have been there before.
func (r *readAddresses) parse(v []byte) (TargetAddress, string) {
	for range r.known {
		if r.next >= len(r.known) {
			r.next = 0
		}
		k := &r.known[r.next]
		if r.next++; k.text == string(v) {
			return k.address, ""
		}
	}
	text := string(v)
	a, reason := parseTargetAddress(text)
	if reason != "" {
		return a, reason
	}
	a.Host = r.texts.string([]byte(a.Host)) // a value is 8 KiB at most, and mostly not a host
	k := readAddress{text, a}
	if len(r.known) < maxRead {
		r.known = append(r.known, k)
		r.next = len(r.known)
	} else {
		r.known[r.next%maxRead] = k
		r.next++
	}
	return a, ""
}
