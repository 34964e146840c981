package vici

import "iter"

// A Section is what a message consists of: elements in order. Keys may repeat.
type Section []Element

// An Element is a value, a list or a section by its key. Exactly one of the
// three is meant; see Text, Bytes, List and Sub.
type Element struct {
	Key     string
	Value   []byte
	List    []string
	Section Section
	kind    byte // the type of its first item on the wire
}

// Text returns a value.
func Text(key, value string) Element {
	return Element{Key: key, Value: []byte(value), kind: itemValue}
}

// Bytes returns a value that need not be text. It is not copied.
func Bytes(key string, value []byte) Element {
	return Element{Key: key, Value: value, kind: itemValue}
}

// List returns a list.
func List(key string, values ...string) Element {
	return Element{Key: key, List: values, kind: itemListStart}
}

// Sub returns a section within a section.
func Sub(key string, elements ...Element) Element {
	return Element{Key: key, Section: elements, kind: itemSectionStart}
}

// Size returns how many bytes the section has on the wire.
func (s Section) Size() (n int) {
	for i := range s {
		e := &s[i]
		n += 2 + len(e.Key) // of which kind it is, and its key
		switch e.kind {
		case itemValue:
			n += 2 + len(e.Value)
		case itemListStart:
			for _, v := range e.List {
				n += 3 + len(v)
			}
			n++ // where it ends
		case itemSectionStart:
			n += e.Section.Size() + 1
		}
	}
	return n
}

// find returns the first element of a kind with the key.
func (s Section) find(kind byte, key string) Element {
	for _, e := range s {
		if e.kind == kind && e.Key == key {
			return e
		}
	}
	return Element{}
}

// Text returns the value of a key; empty: there is none.
func (s Section) Text(key string) string { return string(s.find(itemValue, key).Value) }

// List returns the list of a key; nil: there is none.
func (s Section) List(key string) []string { return s.find(itemListStart, key).List }

// Sub returns the section of a key; nil: there is none.
func (s Section) Sub(key string) Section { return s.find(itemSectionStart, key).Section }

// Subs yields the sections within, by key and in order.
func (s Section) Subs() iter.Seq2[string, Section] {
	return func(yield func(string, Section) bool) {
		for _, e := range s {
			if e.kind == itemSectionStart && !yield(e.Key, e.Section) {
				return
			}
		}
	}
}
