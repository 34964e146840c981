package jsonitem

import "github.com/go-iscsi/discovery/pkg/initiator"

// Key says which entry of the registry is meant.
type Key struct {
	Portal        Text `json:"portal"`
	Instance      Text `json:"instance"`
	InitiatorPort Text `json:"initiator_port"`
}

// NewKey returns the key of an entry as JSON.
func NewKey(k initiator.Key) Key {
	return Key{Text(k.Portal.String()), Text(k.Instance), Text(k.Port.String())}
}
