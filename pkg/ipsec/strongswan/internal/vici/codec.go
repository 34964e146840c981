package vici

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Limits of what is read and written. The daemon has the same limit on packets.
const (
	MaxPacket = 512 << 10
	maxKey    = 0xff
	maxValue  = 0xffff
	maxDepth  = 16
)

// Types of items on the wire.
const (
	itemSectionStart byte = 1 + iota
	itemSectionEnd
	itemValue
	itemListStart
	itemListItem
	itemListEnd
)

// A FormatError is bytes that are no message.
type FormatError struct{ Reason string }

func (e *FormatError) Error() string { return "not a message: " + e.Reason }

var errLong = errors.New("a key or value is too long")

// Append appends the section to b as it goes over the wire.
func (s Section) Append(b []byte) ([]byte, error) {
	var err error
	for _, e := range s {
		if len(e.Key) > maxKey || len(e.Value) > maxValue {
			return b, errLong
		}
		b = append(b, e.kind, byte(len(e.Key)))
		b = append(b, e.Key...)
		switch e.kind {
		case itemValue:
			b = appendValue(b, e.Value)
		case itemListStart:
			for _, v := range e.List {
				if len(v) > maxValue {
					return b, errLong
				}
				b = appendValue(append(b, itemListItem), []byte(v))
			}
			b = append(b, itemListEnd)
		case itemSectionStart:
			if b, err = e.Section.Append(b); err != nil {
				return b, err
			}
			b = append(b, itemSectionEnd)
		default:
			return b, fmt.Errorf("element %q has no value", e.Key)
		}
	}
	return b, nil
}

func appendValue(b, v []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(v))), v...)
}

// Decode reads a section from all of b. Values alias b.
func Decode(b []byte) (Section, error) {
	d := decoder{b: b}
	s, err := d.section(0)
	if err == nil && len(d.b) > 0 {
		err = &FormatError{Reason: "a section ends that did not begin"}
	}
	return s, err
}

// A decoder reads what is left of a message.
type decoder struct{ b []byte }

// section reads elements up to the end of the section, which for the outermost
// is that of the message.
func (d *decoder) section(depth int) (s Section, err error) {
	if depth > maxDepth {
		return nil, &FormatError{Reason: "too many sections within sections"}
	}
	for len(d.b) > 0 {
		e := Element{kind: d.b[0]}
		if e.kind == itemSectionEnd {
			if depth > 0 { // else it is one too many, and stays
				d.b = d.b[1:]
			}
			return s, nil
		}
		d.b = d.b[1:]
		if e.Key, err = d.key(); err != nil {
			return s, err
		}
		switch e.kind {
		case itemValue:
			e.Value, err = d.value()
		case itemListStart:
			e.List, err = d.list()
		case itemSectionStart:
			e.Section, err = d.section(depth + 1)
		default:
			err = &FormatError{Reason: fmt.Sprintf("item of type %d", e.kind)}
		}
		if err != nil {
			return s, err
		}
		s = append(s, e)
	}
	if depth > 0 {
		return s, &FormatError{Reason: "it ends within a section"}
	}
	return s, nil
}

func (d *decoder) list() (list []string, err error) {
	for len(d.b) > 0 {
		kind := d.b[0]
		d.b = d.b[1:]
		switch kind {
		case itemListEnd:
			return list, nil
		case itemListItem:
			v, err := d.value()
			if err != nil {
				return nil, err
			}
			list = append(list, string(v))
		default:
			return nil, &FormatError{Reason: fmt.Sprintf("item of type %d in a list", kind)}
		}
	}
	return nil, &FormatError{Reason: "it ends within a list"}
}

func (d *decoder) key() (string, error) {
	if len(d.b) == 0 || len(d.b) < 1+int(d.b[0]) {
		return "", &FormatError{Reason: "it ends within a key"}
	}
	n := 1 + int(d.b[0])
	key := string(d.b[1:n])
	d.b = d.b[n:]
	return key, nil
}

func (d *decoder) value() ([]byte, error) {
	const header = 2
	if len(d.b) < header || len(d.b) < header+int(binary.BigEndian.Uint16(d.b)) {
		return nil, &FormatError{Reason: "it ends within a value"}
	}
	n := header + int(binary.BigEndian.Uint16(d.b))
	v := d.b[header:n:n]
	d.b = d.b[n:]
	return v, nil
}
