package jsonitem

import (
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// Target is a target that is known, and how.
type Target struct {
	Name       Text        `json:"name"`
	Alias      Text        `json:"alias"`
	Mechanisms []mechanism `json:"mechanisms"`
}

// mechanism is one way in which a target was found.
type mechanism struct {
	Mechanism    Text      `json:"mechanism"` // as the reference API names it
	Kind         string    `json:"kind"`      // "sendtargets", "isns" or "static"
	Portal       *Key      `json:"found_by"`  // null: no portal did
	Server       Text      `json:"isns_server,omitempty"`
	Alias        Text      `json:"alias"`
	Addresses    addresses `json:"addresses"`
	FirstSeen    Time      `json:"first_seen"`
	LastSeen     Time      `json:"last_seen"`
	MissingSince Time      `json:"missing_since"`
	Stale        bool      `json:"stale"`                      // the entry that found it is gone
	Unlisted     bool      `json:"unlisted,omitempty"`         // and it was not there when the portal was asked
	NotJudged    *Time     `json:"not_judged_since,omitempty"` // nil: the last answer of the entry was complete
	Changed      *Time     `json:"changed,omitempty"`          // nil: its addresses never did
	Was          addresses `json:"was,omitempty"`              // before that
	Hidden       bool      `json:"hidden,omitempty"`
}

// NewTarget returns a known target as JSON.
func NewTarget(t *registry.KnownTarget) *Target {
	j := &Target{Name: Text(t.Name), Alias: Text(t.Alias), Mechanisms: []mechanism{}}
	for _, m := range t.Mechanisms {
		k := mechanism{
			Mechanism: Text(m.Text), Kind: "static", Alias: Text(m.Alias), Addresses: m.Addresses,
			FirstSeen: Time(m.FirstSeen), LastSeen: Time(m.LastSeen), MissingSince: Time(m.MissingSince),
			Stale: m.Stale, Unlisted: m.Unlisted, Hidden: m.Flags&registry.HideStaticTarget != 0,
		}
		k.NotJudged, k.Changed, k.Was = ifAny(m.NotJudgedSince), ifAny(m.Changed), m.Was
		switch {
		case m.ISNS.Address != "":
			k.Kind, k.Server = "isns", Text(m.ISNS.String())
		case !m.Static:
			key := NewKey(m.Portal)
			k.Kind, k.Portal = "sendtargets", &key
		}
		j.Mechanisms = append(j.Mechanisms, k)
	}
	return j
}
