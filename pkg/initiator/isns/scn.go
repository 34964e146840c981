package isns

import "time"

// An SCN is a notice of change, from the server (RFC 4171, section 5.6.5.8).
type SCN struct {
	Destination string // the node that it is for
	Time        time.Time
	Changes     []NodeChange
}

// A NodeChange is a change of one node.
type NodeChange struct {
	Bitmap SCNBitmap // what has changed
	Node   string    // its iSCSI name; empty: a discovery domain alone has changed
}

// Function returns FuncSCN.
func (*SCN) Function() Function { return FuncSCN }

// AppendBinary appends the payload.
func (s *SCN) AppendBinary(b []byte) ([]byte, error) {
	all := []Attribute{TextAttribute(TagISCSIName, s.Destination), TimeAttribute(TagTimestamp, s.Time)}
	for _, c := range s.Changes {
		all = append(all, NumberAttribute(TagSCNBitmap, uint32(c.Bitmap)))
		if c.Node != "" {
			all = append(all, TextAttribute(TagISCSIName, c.Node))
		}
	}
	for i := range all {
		b = all[i].append(b)
	}
	return b, nil
}

// Decode reads the notice. Discovery domains in it are passed over.
func (s *SCN) Decode(m *Message) error {
	*s = SCN{}
	i := 0
	for a, err := range m.Attributes() {
		if err == nil && i >= MaxAttributes {
			err = &SizeError{What: "attributes", Limit: MaxAttributes}
		}
		if err == nil {
			err = s.take(m, a, i)
		}
		if err != nil {
			return err
		}
		i++
	}
	if i < 2 {
		return m.bad("it has no destination and time")
	}
	return nil
}

// take takes the i-th attribute.
func (s *SCN) take(m *Message, a *Attribute, i int) (err error) {
	switch {
	case i == 0:
		if a.Tag != TagISCSIName {
			return m.bad("it does not begin with its destination")
		}
		s.Destination, err = a.Text()
	case i == 1:
		if a.Tag != TagTimestamp {
			return m.bad("no time follows its destination")
		}
		s.Time, err = a.Time()
	case a.Tag == TagSCNBitmap:
		var bitmap uint32
		bitmap, err = a.Number()
		s.Changes = append(s.Changes, NodeChange{Bitmap: SCNBitmap(bitmap)})
	case a.Tag == TagISCSIName:
		if len(s.Changes) == 0 {
			return m.bad("a node without an SCN bitmap before it")
		}
		last := &s.Changes[len(s.Changes)-1]
		if last.Node != "" { // several nodes share a bitmap
			s.Changes = append(s.Changes, NodeChange{Bitmap: last.Bitmap})
			last = &s.Changes[len(s.Changes)-1]
		}
		last.Node, err = a.Text()
	}
	return err
}
