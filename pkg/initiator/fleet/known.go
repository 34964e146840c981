package fleet

import "time"

// A Known is what the leader remembers of a host, so that one that is silent is told from one
// that never was.
type Known struct {
	Schema      int       `json:"schema"`
	Host        string    `json:"host"`
	First       time.Time `json:"first"`                 // when the leader first saw it
	SilentSince time.Time `json:"silent_since,omitzero"` // zero: it is not
	Paths       int       `json:"paths"`                 // how many it had when it fell silent
	Lie         string    `json:"lie,omitempty"`         // what it last published that was not true; empty: nothing
	LieAt       time.Time `json:"lie_at,omitzero"`
}

// Encode writes the record.
func (k *Known) Encode() []byte {
	k.Schema, k.Lie = Schema, cutText(k.Lie)
	return encode(k)
}

// DecodeKnown reads the record of a host. The error is a *NewerError or a *RecordError.
func DecodeKnown(host string, b []byte) (*Known, error) {
	k := new(Known)
	if err := decode(b, k); err != nil {
		return nil, err
	}
	if k.Host != host {
		return nil, &RecordError{"it says that it is of another host"}
	}
	if err := checkTexts(k.Lie); err != nil {
		return nil, err
	}
	return k, nil
}
