package registry

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/rowkey"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
)

// Prefixes of records about IPsec.
const (
	prefixPSK    = "psk/"    // group, or identity/instance/number
	prefixTunnel = "tunnel/" // destination/instance/number
	prefixPolicy = "policy/" // selector
)

// An IKEInfo is a preshared key of a peer, and the flags that are remembered for
// it (IKE_AUTHENTICATION_INFORMATION of the reference API).
type IKEInfo struct {
	// ID is the identity of one end: an address, a domain name, user@domain (see
	// CanonicalIdentity); or ipsec.GroupID, for all peers. The key is for the peer that has
	// it: by its address, by the name it was given by, or by IPsecOptions.PeerID. A
	// peer without such a key gets the one whose ID is the identity that we use
	// towards it: IPsecOptions.LocalID, or without one the source address.
	ID string

	Instance string       // for which initiator instance; empty: all
	Port     ports.Number // for which port of it; ports.All where Instance is empty

	Flags  ipsec.Flags // remembered for the peer: "previously defined"
	Key    auth.Secret // never reported
	KeyRef string      // in the place of Key
}

// An ikeRecord is an IKEInfo as it is stored.
type ikeRecord struct {
	ID       string     `json:"id"`
	Instance string     `json:"instance,omitempty"`
	Port     uint32     `json:"port"`
	Flags    uint64     `json:"flags,omitempty"`
	Time     time.Time  `json:"time"`
	Revision uint64     `json:"revision,omitempty"` // as that of a bitmapRecord
	Key      keptSecret `json:"key,omitzero"`
}

// SetIKEInfo stores the key of a peer (SetIScsiIKEInfo of the reference API), or
// of all that have none (SetIScsiGroupPresharedKey) where the ID is ipsec.GroupID.
// Unless persist is set it ends with the Service.
func (s *Service) SetIKEInfo(ctx context.Context, i IKEInfo, persist bool) error {
	id, err := initiator.CanonicalIdentity(i.ID)
	if err != nil {
		return refused(err)
	}
	if err := i.Flags.Validate(); err != nil {
		return refused(&isdsc.Error{Code: isdsc.InvalidParameter, What: "security flags " + i.Flags.Hex(), Reason: initiator.Reason(err), Err: err})
	}
	if i.Key.IsZero() && i.KeyRef == "" {
		return refused(&isdsc.Error{Code: isdsc.TargetPresharedKeyUnavailable, What: "key of " + id, Reason: "there is none"})
	}
	scope, err := s.scope(ctx, i.Instance, i.Port)
	if err != nil {
		return err
	}
	row := ikeKey(id, i.Instance, i.Port)
	r := ikeRecord{ID: id, Instance: scope.instance, Port: i.Port.Uint32(), Flags: uint64(i.Flags), Time: s.now()}
	if r.Key, err = s.keep(i.Key, i.KeyRef, row, fieldIPsecKey); err != nil {
		return storeError(err)
	}
	return storeError(retryConflicts(ctx, func() error { return s.putIKE(ctx, row, r, persist) }))
}

// putIKE is put for a key, whose flags are defined now.
func (s *Service) putIKE(ctx context.Context, row string, r ikeRecord, persist bool) error {
	revision, count, err := s.nextRevision(ctx)
	if err != nil {
		return err
	}
	r.Revision = revision
	if !persist {
		return s.put(ctx, row, encode(r), false)
	}
	return s.put(ctx, row, encode(r), true, count)
}

// IKEInfo returns what is stored for a peer, without the key (GetIScsiIKEInfo of
// the reference API); isdsc.NoAuthInfoAvailable where there is nothing.
func (s *Service) IKEInfo(ctx context.Context, id, instance string, port ports.Number) (IKEInfo, error) {
	id, err := initiator.CanonicalIdentity(id)
	if err != nil {
		return IKEInfo{}, refused(err)
	}
	for i, err := range s.IKEInfos(ctx) {
		if err != nil && !oneRecord(err) {
			return IKEInfo{}, err
		}
		if i.ID == id && ports.SameInstance(i.Instance, instance) && i.Port == port {
			return i, err
		}
	}
	return IKEInfo{}, refused(&isdsc.Error{Code: isdsc.NoAuthInfoAvailable, What: "identity " + id, Reason: "no key is stored for it" + (scope{instance, port}).to()})
}

// IKEInfos yields all that is stored, without the keys. A record that cannot be read is
// yielded as an error that is a *RegistryError, with what its key says; others follow.
// Any other error is the last.
func (s *Service) IKEInfos(ctx context.Context) iter.Seq2[IKEInfo, error] {
	return func(yield func(IKEInfo, error) bool) {
		for r, err := range s.records(ctx, prefixPSK) {
			var i ikeRecord
			if err == nil {
				i, err = decodeIKE(r)
			}
			if !yield(i.info(), storeError(err)) || err != nil && !oneRecord(err) {
				return
			}
		}
	}
}

// decodeIKE reads a key of a peer. Where that fails it has what the record's key says.
func decodeIKE(r Record) (ikeRecord, error) {
	var i ikeRecord
	if err := decode(r, &i); err != nil {
		instance, port := scopeOfKey(r.Key)
		return ikeRecord{ID: rowkey.Part(r.Key, 1), Instance: instance, Port: port.Uint32()}, err
	}
	return i, nil
}

func (r *ikeRecord) info() IKEInfo {
	return IKEInfo{ID: r.ID, Instance: r.Instance, Port: ports.N(r.Port), Flags: ipsec.Flags(r.Flags), KeyRef: r.Key.Ref}
}

// RemoveIKEInfo forgets the key of a peer. An identity that an older version stored
// and that is none any more can be removed by its text.
func (s *Service) RemoveIKEInfo(ctx context.Context, id, instance string, port ports.Number) error {
	canonical, err := initiator.CanonicalIdentity(id)
	if err != nil {
		r, failed := s.cfg.Store.Get(ctx, ikeKey(id, instance, port))
		if failed != nil {
			return storeError(failed)
		}
		if r.Version == 0 {
			return refused(err)
		}
		canonical = id
	}
	id = canonical
	reason := "no key is stored for it" + (scope{instance, port}).to()
	for i, err := range s.IKEInfos(ctx) {
		if err != nil && !oneRecord(err) {
			return err
		}
		if i.ID == id {
			reason += "; there is one" + (scope{i.Instance, i.Port}).from()
		}
	}
	return s.drop(ctx, ikeKey(id, instance, port), &isdsc.Error{Code: isdsc.NoAuthInfoAvailable, What: "identity " + id, Reason: reason})
}

// ikeKey is the record of a peer's key.
func ikeKey(id, instance string, port ports.Number) string {
	return fmt.Sprintf("%s%s/%s/%010d", prefixPSK, url.PathEscape(id), ports.FoldInstance(instance), port.Uint32())
}

// key is the PSKFunc of a Service: the peer's own key, else that of the identity we
// use, else the one for all, else what the Discoverer knows. Of several the one whose
// scope is closest to the port.
func (s *Service) key(ctx context.Context, from ports.Port, peer enforce.Peer) (enforce.PSK, bool, error) {
	var found *ikeRecord
	var row string
	var unread error // of found
	rank := -1
	for r, err := range s.records(ctx, prefixPSK) {
		if err != nil {
			return enforce.PSK{}, false, err
		}
		i, err := decodeIKE(r)
		if n := i.rank(from, peer); n > rank {
			found, row, rank, unread = &i, r.Key, n, err
		}
	}
	if unread != nil {
		return enforce.PSK{}, false, unread
	}
	if found == nil {
		if f := s.cfg.Discoverer.PSK; f != nil {
			return f(ctx, from, peer)
		}
		return enforce.PSK{}, false, nil
	}
	secret, err := s.reveal(ctx, found.Key, row, fieldIPsecKey)
	if err != nil {
		return enforce.PSK{}, false, err
	}
	key := enforce.PSK{Secret: secret}
	switch {
	case found.ID == ipsec.GroupID:
	case found.isPeer(peer):
		key.Remote = found.ID
	default:
		key.Local = found.ID
	}
	return key, true, nil
}

func (r *ikeRecord) scope() scope { return scope{r.Instance, ports.N(r.Port)} }

// rank says how well a key fits a port and a peer: -1 not at all, more is better.
func (r *ikeRecord) rank(from ports.Port, peer enforce.Peer) int {
	const peers, ours, group = 20, 10, 0
	scope := r.scope().rank(from)
	switch {
	case scope < 0:
	case r.isPeer(peer):
		return peers + scope + r.nearness(peer)
	case r.isOurs(from, peer):
		return ours + scope
	case r.ID == ipsec.GroupID:
		return group + scope
	}
	return -1
}

// nearness puts the identity that a peer has to have before its address, and that
// before its name.
func (r *ikeRecord) nearness(peer enforce.Peer) int {
	const byID, byAddress, byName = 20, 10, 0
	switch {
	case peer.ID != "" && r.ID == canonicalIdentity(peer.ID):
		return byID
	case r.ID == addressIdentity(peer.Addr):
		return byAddress
	}
	return byName
}

// isPeer reports whether the key is that of a peer: of the identity that it has to
// have, of its address, or of its name.
func (r *ikeRecord) isPeer(peer enforce.Peer) bool {
	return r.ID != ipsec.GroupID && (peer.ID != "" && r.ID == canonicalIdentity(peer.ID) ||
		r.ID == addressIdentity(peer.Addr) ||
		peer.Name != "" && r.ID == canonicalIdentity(peer.Name))
}

// isOurs reports whether the key is that of the identity we use towards a peer. That
// is what Microsoft's driver interface says of an ID: see docs/dev/reference-api.md.
func (r *ikeRecord) isOurs(from ports.Port, peer enforce.Peer) bool {
	if peer.LocalID != "" {
		return r.ID != ipsec.GroupID && r.ID == canonicalIdentity(peer.LocalID)
	}
	return from.Address.IsValid() && r.ID == addressIdentity(from.Address)
}

// addressIdentity is the identity of a peer that is known by its address alone.
func addressIdentity(a netip.Addr) string { return zone.Canonical(a).WithZone("").String() }

// canonicalIdentity returns the canonical form of an identity; of what is none, the
// text itself, which no stored key is for.
func canonicalIdentity(id string) string {
	if canonical, err := ipsec.CanonicalIdentity(id); err == nil {
		return canonical
	}
	return id
}
