package render

import (
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// JSONTarget is a target that is known, and how.
type JSONTarget struct {
	Name       JSONText        `json:"name"`
	Alias      JSONText        `json:"alias"`
	Mechanisms []jsonMechanism `json:"mechanisms"`
}

// jsonMechanism is one way in which a target was found.
type jsonMechanism struct {
	Mechanism    JSONText      `json:"mechanism"` // as the reference API names it
	Kind         string        `json:"kind"`      // "sendtargets", "isns" or "static"
	Portal       *JSONKey      `json:"found_by"`  // null: no portal did
	Server       JSONText      `json:"isns_server,omitempty"`
	Alias        JSONText      `json:"alias"`
	Addresses    jsonAddresses `json:"addresses"`
	FirstSeen    JSONTime      `json:"first_seen"`
	LastSeen     JSONTime      `json:"last_seen"`
	MissingSince JSONTime      `json:"missing_since"`
	Stale        bool          `json:"stale"`                      // the entry that found it is gone
	Unlisted     bool          `json:"unlisted,omitempty"`         // and it was not there when the portal was asked
	NotJudged    *JSONTime     `json:"not_judged_since,omitempty"` // nil: the last answer of the entry was complete
	Changed      *JSONTime     `json:"changed,omitempty"`          // nil: its addresses never did
	Was          jsonAddresses `json:"was,omitempty"`              // before that
	Hidden       bool          `json:"hidden,omitempty"`
}

// jsonAddresses are written as in a result.
type jsonAddresses []target.Address

// MarshalJSON writes the addresses.
func (a jsonAddresses) MarshalJSON() ([]byte, error) { return appendAddresses(nil, a), nil }

// NewJSONTarget returns a known target as JSON.
func NewJSONTarget(t *registry.KnownTarget) *JSONTarget {
	j := &JSONTarget{Name: JSONText(t.Name), Alias: JSONText(t.Alias), Mechanisms: []jsonMechanism{}}
	for _, m := range t.Mechanisms {
		k := jsonMechanism{
			Mechanism: JSONText(m.Text), Kind: "static", Alias: JSONText(m.Alias), Addresses: m.Addresses,
			FirstSeen: JSONTime(m.FirstSeen), LastSeen: JSONTime(m.LastSeen), MissingSince: JSONTime(m.MissingSince),
			Stale: m.Stale, Unlisted: m.Unlisted, Hidden: m.Flags&registry.HideStaticTarget != 0,
		}
		k.NotJudged, k.Changed, k.Was = ifAny(m.NotJudgedSince), ifAny(m.Changed), m.Was
		switch {
		case m.ISNS.Address != "":
			k.Kind, k.Server = "isns", JSONText(m.ISNS.String())
		case !m.Static:
			key := NewJSONKey(m.Portal)
			k.Kind, k.Portal = "sendtargets", &key
		}
		j.Mechanisms = append(j.Mechanisms, k)
	}
	return j
}
