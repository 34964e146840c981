package fleet

import "net/netip"

// Bounds of an offer.
const (
	MaxCapacity = 64  // shards that one host asks at a time
	MaxAllowed  = 256 // prefixes
)

// An Offer is what a host takes on of a job. It is under the lease of the host's sweep.
type Offer struct {
	Schema   int            `json:"schema"`
	Host     string         `json:"host"`
	Capacity int            `json:"capacity"` // shards at a time
	Allowed  []netip.Prefix `json:"allowed"`  // only shards that lie in one of them
}

// Encode writes the record.
func (o *Offer) Encode() []byte {
	o.Schema = Schema
	return encode(o)
}

// DecodeOffer reads the record of a host. The error is a *NewerError or a *RecordError.
func DecodeOffer(host string, b []byte) (*Offer, error) {
	o := new(Offer)
	if err := decode(b, o); err != nil {
		return nil, err
	}
	switch {
	case o.Host != host:
		return nil, &RecordError{"it says that it is of another host"}
	case o.Capacity < 1 || o.Capacity > MaxCapacity || len(o.Allowed) > MaxAllowed:
		return nil, &RecordError{"it offers an impossible number of shards, or has too many prefixes"}
	}
	return o, nil
}

// A Grant gives a shard to a host, and to no other until it is replaced.
type Grant struct {
	Schema int    `json:"schema"`
	Host   string `json:"host"`
	Offer  int64  `json:"offer"`  // the revision of etcd at which the host's offer was made: it holds for that one alone
	Number int    `json:"number"` // counts the grants of the shard from 1
}

// Encode writes the record.
func (g *Grant) Encode() []byte {
	g.Schema = Schema
	return encode(g)
}

// DecodeGrant reads a grant. The error is a *NewerError or a *RecordError.
func DecodeGrant(b []byte) (*Grant, error) {
	g := new(Grant)
	if err := decode(b, g); err != nil {
		return nil, err
	}
	if CheckHost(g.Host) != nil || g.Offer < 1 || g.Number < 1 {
		return nil, &RecordError{"it grants a shard to no host"}
	}
	return g, nil
}

// A Delivery says that a host has written all that it found in a shard; from the leader, that
// this is what counts.
type Delivery struct {
	Schema int    `json:"schema"`
	Host   string `json:"host"`
	Offer  int64  `json:"offer"`  // of the grant
	Number int    `json:"number"` // of the grant
	Digest Digest `json:"digest"`
	Parts  int    `json:"parts"`
	Found  int    `json:"portals"` // how many it is about: all of the shard
}

// Encode writes the record.
func (d *Delivery) Encode() []byte {
	d.Schema = Schema
	return encode(d)
}

// DecodeDelivery reads the record. The error is a *NewerError or a *RecordError.
func DecodeDelivery(b []byte) (*Delivery, error) {
	d := new(Delivery)
	if err := decode(b, d); err != nil {
		return nil, err
	}
	if CheckHost(d.Host) != nil || d.Offer < 1 || d.Number < 1 || d.Digest.IsZero() || d.Parts < 1 || d.Parts > MaxParts || d.Found < 1 || d.Found > MaxShardPortals {
		return nil, &RecordError{"it delivers what cannot be of a shard"}
	}
	return d, nil
}

// A Blame takes a host out of a job.
type Blame struct {
	Schema int    `json:"schema"`
	Host   string `json:"host"`
	Why    string `json:"why"`
}

// Encode writes the record.
func (b *Blame) Encode() []byte {
	b.Schema, b.Why = Schema, cutText(b.Why)
	return encode(b)
}

// DecodeBlame reads the record. The error is a *NewerError or a *RecordError.
func DecodeBlame(host string, value []byte) (*Blame, error) {
	b := new(Blame)
	if err := decode(value, b); err != nil {
		return nil, err
	}
	if b.Host != host {
		return nil, &RecordError{"it says that it is of another host"}
	}
	if err := checkTexts(b.Why); err != nil {
		return nil, err
	}
	return b, nil
}
