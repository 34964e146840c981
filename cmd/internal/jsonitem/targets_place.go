package jsonitem

import "bytes"

// TargetsPlace is the place of the targets in a result. They are not marshaled with
// it, since there may be a million: see Halves.
type TargetsPlace struct{}

// MarshalJSON writes the place.
func (TargetsPlace) MarshalJSON() ([]byte, error) { return []byte("[]"), nil }

// Halves marshals a result that has targets, in two halves: they belong between.
func (j *Result) Halves() (head, tail []byte, err error) {
	j.Targets = &TargetsPlace{}
	line, err := Marshal(j)
	if err != nil {
		return nil, nil, err
	}
	const place = `"targets":[` // which no string has: a quote in one is escaped
	at := bytes.Index(line, []byte(place)) + len(place)
	return line[:at], bytes.TrimSuffix(line[at:], []byte("\n")), nil
}
