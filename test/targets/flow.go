package targets

import (
	"fmt"
	"net/netip"
)

// A head says where a packet belongs.
type head struct {
	frame    int // its number
	from, to netip.AddrPort
	stream   int // Wireshark's number of the connection
	end      int // bytes of the flow up to its end
}

func (h head) problem(text string) Problem {
	return Problem{Frame: h.frame, From: h.from, To: h.to, Text: text}
}

// A flow is one direction of a connection.
type flow struct {
	last  head
	bytes int // sent
	whole int // of these, in whole PDUs
}

// flows are all flows, in the order in which they began.
type flows struct {
	list  []*flow
	index map[flowKey]*flow
}

type flowKey struct {
	stream int
	from   netip.AddrPort
}

// of returns the flow to which a packet belongs.
func (s *flows) of(h head) *flow {
	key := flowKey{stream: h.stream, from: h.from}
	if f, ok := s.index[key]; ok {
		return f
	}
	if s.index == nil {
		s.index = make(map[flowKey]*flow)
	}
	f := &flow{}
	s.index[key] = f
	s.list = append(s.list, f)
	return f
}

// problems returns the flows in which there is more than PDUs. Wireshark does
// not complain of those: it waits for the rest of a PDU, and takes what does
// not look like one for some other protocol.
func (s *flows) problems() []Problem {
	var list []Problem
	for _, f := range s.list {
		if f.bytes != f.whole {
			list = append(list, f.last.problem(fmt.Sprintf("of %d bytes only %d are whole PDUs", f.bytes, f.whole)))
		}
	}
	return list
}
