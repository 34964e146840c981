package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// A Twin is what a host says whose name another one has: it publishes nothing else. It is
// below the name that both have, under a lease of its own, which ends when it gets the name or
// goes away.
type Twin struct {
	Schema        int       `json:"schema"`
	Host          string    `json:"host"`
	ID            string    `json:"id"` // of its registry, see Info
	Version       string    `json:"version"`
	InitiatorName string    `json:"initiator_name,omitempty"`
	Started       time.Time `json:"started"`
}

// MaxTwins is how many twins of one host are read.
const MaxTwins = 16

// twinDigits is how many hexadecimal digits stand for an ID in the key of a twin.
const twinDigits = 16

// TwinOf is what stands for the ID of a registry in the key of a twin.
func TwinOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])[:twinDigits]
}

// Twins begins the keys of hosts that have the name of another one.
func (k Keys) Twins(host string) string { return k.Host(host) + "twin/" }

// Twin is the key of a host with the name of another one, by TwinOf.
func (k Keys) Twin(host, twin string) string { return k.Twins(host) + twin }

// Encode writes the record.
func (t *Twin) Encode() []byte {
	t.Schema = Schema
	return encode(t)
}

// DecodeTwin reads the record of a host that its key named. The error is a *NewerError or a
// *RecordError.
func DecodeTwin(host string, b []byte) (*Twin, error) {
	t := new(Twin)
	if err := decode(b, t); err != nil {
		return nil, err
	}
	if t.Host != host {
		return nil, &RecordError{"it says that it is of another host"}
	}
	if err := checkTexts(t.ID, t.Version, t.InitiatorName); err != nil {
		return nil, err
	}
	return t, nil
}
