package isns

// A DevAttrQry asks for attributes of objects (RFC 4171, section 5.6.5.2).
type DevAttrQry struct {
	Source string      // our iSCSI name: its discovery domains bound what the server tells
	Key    []Attribute // which objects: a value that they have, or Empty for all of a kind; none: everything
	Want   []Tag       // the attributes that are asked for
}

// Function returns FuncDevAttrQry.
func (*DevAttrQry) Function() Function { return FuncDevAttrQry }

// AppendBinary appends the payload.
func (q *DevAttrQry) AppendBinary(b []byte) ([]byte, error) {
	return appendLists(b, q.Source, q.Key, empties(q.Want)), nil
}

// Decode reads the request.
func (q *DevAttrQry) Decode(m *Message) error {
	source, key, operating, err := decodeLists(m)
	if err != nil {
		return err
	}
	*q = DevAttrQry{Source: source, Key: key}
	for i := range operating {
		if !operating[i].IsEmpty() {
			return m.bad("an attribute that is asked for has a value")
		}
		q.Want = append(q.Want, operating[i].Tag)
	}
	return nil
}

// empties returns attributes that are asked for.
func empties(tags []Tag) (all []Attribute) {
	for _, t := range tags {
		all = append(all, Empty(t))
	}
	return all
}
