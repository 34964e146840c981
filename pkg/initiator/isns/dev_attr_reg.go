package isns

// A DevAttrReg registers objects: it writes to the server (RFC 4171, section 5.6.5.1).
type DevAttrReg struct {
	Source    string
	Replace   bool        // what was registered under the key goes
	Key       []Attribute // the object that what follows belongs to, such as the entity
	Operating []Attribute // each object's key, then what else there is of it
}

// Function returns FuncDevAttrReg.
func (*DevAttrReg) Function() Function { return FuncDevAttrReg }

// AppendBinary appends the payload.
func (r *DevAttrReg) AppendBinary(b []byte) ([]byte, error) {
	return appendLists(b, r.Source, r.Key, r.Operating), nil
}

// Decode reads the request.
func (r *DevAttrReg) Decode(m *Message) (err error) {
	*r = DevAttrReg{Replace: m.Header.Flags.Has(FlagReplace)}
	r.Source, r.Key, r.Operating, err = decodeLists(m)
	return err
}
