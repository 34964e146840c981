package isns

import "encoding/binary"

// A Response is the answer to a request other than a query, whose answer a Client reads
// (RFC 4171, section 5.7).
type Response struct {
	To        Function // the request
	Status    Status
	Key       []Attribute // of the request, as some responses repeat it
	Operating []Attribute
}

// Function returns that of the response.
func (r *Response) Function() Function { return r.To.Response() }

// AppendBinary appends the payload.
func (r *Response) AppendBinary(b []byte) ([]byte, error) {
	b = binary.BigEndian.AppendUint32(b, uint32(r.Status))
	for i := range r.Key {
		b = r.Key[i].append(b)
	}
	if len(r.Operating) > 0 {
		delimiter := Empty(TagDelimiter)
		b = delimiter.append(b)
	}
	for i := range r.Operating {
		b = r.Operating[i].append(b)
	}
	return b, nil
}

// Decode reads a response.
func (r *Response) Decode(m *Message) error {
	if !m.Header.Function.IsResponse() {
		return m.bad("not a response")
	}
	*r = Response{To: m.Header.Function &^ responseBit}
	var err error
	if r.Status, err = m.Status(); err != nil {
		return err
	}
	delimited, n := false, 0
	for a, err := range m.Attributes() {
		if err != nil {
			return err
		}
		if n++; n > MaxAttributes {
			return &SizeError{What: "attributes", Limit: MaxAttributes}
		}
		switch {
		case a.Tag == TagDelimiter && !delimited:
			delimited = true
		case delimited:
			r.Operating = append(r.Operating, a.clone())
		default:
			r.Key = append(r.Key, a.clone())
		}
	}
	return nil
}
