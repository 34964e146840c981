package isns

import "encoding"

// A Body is what a message says, without its headers: one of the types of this package.
type Body interface {
	Function() Function

	// AppendBinary appends the payload of the message.
	encoding.BinaryAppender

	// Decode sets the body from a message of its function. Nothing of it aliases the
	// message. It is for requests and for short responses: more than MaxAttributes are a
	// *SizeError. An answer to a query is read by a Client, which keeps no attributes.
	Decode(m *Message) error
}

// MaxAttributes is how many attributes Decode keeps.
const MaxAttributes = 4096

// AppendMessage appends a message in as many PDUs as it takes. flags are those of the
// sender, FlagClient or FlagServer; id is the transaction.
func AppendMessage(b []byte, body Body, flags Flags, id uint16) ([]byte, error) {
	return appendMessage(b, body, flags, id, MaxPDUPayload)
}

// appendMessage is AppendMessage for PDUs of another size.
func appendMessage(b []byte, body Body, flags Flags, id uint16, size int) ([]byte, error) {
	payload, err := body.AppendBinary(nil)
	if err != nil {
		return b, err
	}
	flags &^= FlagFirst | FlagLast
	if r, ok := body.(*DevAttrReg); ok && r.Replace {
		flags |= FlagReplace
	}
	h := Header{Version: Version, Function: body.Function(), Flags: flags | FlagFirst, TransactionID: id}
	for {
		piece := payload[:min(size, len(payload))]
		if payload = payload[len(piece):]; len(payload) == 0 {
			h.Flags |= FlagLast
		}
		h.Length = uint16(len(piece))
		if b = append(h.append(b), piece...); len(payload) == 0 {
			return b, nil
		}
		if h.SequenceID == 1<<16-1 {
			return b, &SizeError{What: "PDUs", Limit: 1 << 16}
		}
		h.SequenceID++
		h.Flags = flags
	}
}

// appendLists appends the source, the message key, the delimiter and the operating
// attributes of a request (RFC 4171, section 5.6).
func appendLists(b []byte, source string, key, operating []Attribute) []byte {
	for _, list := range [...][]Attribute{{TextAttribute(TagISCSIName, source)}, key, {Empty(TagDelimiter)}, operating} {
		for i := range list {
			b = list[i].append(b)
		}
	}
	return b
}

// decodeLists reads what appendLists writes. A request without a delimiter has no operating
// attributes.
func decodeLists(m *Message) (source string, key, operating []Attribute, err error) {
	first, delimited := true, false
	n := 0
	for a, err := range m.Attributes() {
		if err != nil {
			return "", nil, nil, err
		}
		if n++; n > MaxAttributes {
			return "", nil, nil, &SizeError{What: "attributes", Limit: MaxAttributes}
		}
		switch {
		case first:
			if a.Tag != TagISCSIName {
				return "", nil, nil, m.bad("it does not begin with the iSCSI name of its source")
			}
			if source, err = a.Text(); err != nil {
				return "", nil, nil, err
			}
			first = false
		case a.Tag == TagDelimiter && !delimited:
			delimited = true
		case delimited:
			operating = append(operating, a.clone())
		default:
			key = append(key, a.clone())
		}
	}
	if first {
		return "", nil, nil, m.bad("it has no source")
	}
	return source, key, operating, nil
}
