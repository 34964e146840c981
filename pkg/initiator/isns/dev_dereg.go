package isns

// A DevDereg takes objects out of the server, with all that belongs to them (RFC 4171,
// section 5.6.5.4).
type DevDereg struct {
	Source    string
	Operating []Attribute // the keys of the objects
}

// Function returns FuncDevDereg.
func (*DevDereg) Function() Function { return FuncDevDereg }

// AppendBinary appends the payload.
func (d *DevDereg) AppendBinary(b []byte) ([]byte, error) {
	return appendLists(b, d.Source, nil, d.Operating), nil
}

// Decode reads the request.
func (d *DevDereg) Decode(m *Message) error {
	source, key, operating, err := decodeLists(m)
	if err == nil && len(key) > 0 {
		err = m.bad("it has a message key")
	}
	*d = DevDereg{Source: source, Operating: operating}
	return err
}
