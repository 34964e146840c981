package isns

// An SCNDereg ends notices of change (RFC 4171, section 5.6.5.6).
type SCNDereg struct {
	Source string
	Node   string // that was registered for them
}

// Function returns FuncSCNDereg.
func (*SCNDereg) Function() Function { return FuncSCNDereg }

// AppendBinary appends the payload.
func (r *SCNDereg) AppendBinary(b []byte) ([]byte, error) {
	return appendLists(b, r.Source, []Attribute{TextAttribute(TagISCSIName, r.Node)}, nil), nil
}

// Decode reads the request.
func (r *SCNDereg) Decode(m *Message) error {
	source, key, operating, err := decodeLists(m)
	if err == nil && len(operating) > 0 {
		err = m.bad("it has operating attributes")
	}
	if err != nil {
		return err
	}
	*r = SCNDereg{Source: source}
	r.Node, err = nodeOf(m, key)
	return err
}
