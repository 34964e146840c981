package isns

// An SCNReg asks for notices of change. The server sends them to the SCN port of a portal
// that was registered for the node (RFC 4171, section 5.6.5.5).
type SCNReg struct {
	Source string
	Node   string // that wants to hear of the changes
	Bitmap SCNBitmap
}

// Function returns FuncSCNReg.
func (*SCNReg) Function() Function { return FuncSCNReg }

// AppendBinary appends the payload.
func (r *SCNReg) AppendBinary(b []byte) ([]byte, error) {
	return appendLists(b, r.Source, []Attribute{TextAttribute(TagISCSIName, r.Node)}, []Attribute{NumberAttribute(TagSCNBitmap, uint32(r.Bitmap))}), nil
}

// Decode reads the request.
func (r *SCNReg) Decode(m *Message) error {
	source, key, operating, err := decodeLists(m)
	if err != nil {
		return err
	}
	if len(operating) != 1 || operating[0].Tag != TagSCNBitmap {
		return m.bad("its operating attribute is not the SCN bitmap")
	}
	*r = SCNReg{Source: source}
	if r.Node, err = nodeOf(m, key); err != nil {
		return err
	}
	bitmap, err := operating[0].Number()
	r.Bitmap = SCNBitmap(bitmap)
	return err
}

// nodeOf returns the node that a message key names.
func nodeOf(m *Message, key []Attribute) (string, error) {
	if len(key) != 1 || key[0].Tag != TagISCSIName {
		return "", m.bad("its message key is not an iSCSI name")
	}
	return key[0].Text()
}
