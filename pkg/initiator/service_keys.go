package initiator

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// Prefixes of records about IPsec.
const (
	prefixPSK    = "psk/"    // group, or identity/instance/number
	prefixTunnel = "tunnel/" // destination/instance/number
	prefixPolicy = "policy/" // selector
)

// GroupID is the identity of the key for every peer that has none of its own.
const GroupID = "group"

// An IKEInfo is a preshared key of a peer, and the flags that are remembered for
// it (IKE_AUTHENTICATION_INFORMATION of the reference API).
type IKEInfo struct {
	// ID is the peer's identity: an address, a domain name, user@domain; or
	// GroupID, for all peers.
	ID string

	Instance string     // for which initiator instance; empty: all
	Port     PortNumber // for which port of it; AllPorts where Instance is empty

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
// of all that have none (SetIScsiGroupPresharedKey) where the ID is GroupID.
// Unless persist is set it ends with the Service.
func (s *Service) SetIKEInfo(ctx context.Context, i IKEInfo, persist bool) error {
	id, err := identity(i.ID)
	if err != nil {
		return refused(err)
	}
	if err := i.Flags.Validate(); err != nil {
		return refused(&ConfigError{Code: CodeInvalidParameter, What: "security flags " + i.Flags.Hex(), Reason: errorText(err), Err: err})
	}
	if i.Key.IsZero() && i.KeyRef == "" {
		return refused(&ConfigError{Code: CodeTargetPresharedKeyUnavailable, What: "key of " + id, Reason: "there is none"})
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
// the reference API); CodeNoAuthInfoAvailable where there is nothing.
func (s *Service) IKEInfo(ctx context.Context, id, instance string, port PortNumber) (IKEInfo, error) {
	id, err := identity(id)
	if err != nil {
		return IKEInfo{}, refused(err)
	}
	for i, err := range s.IKEInfos(ctx) {
		if err != nil && !oneRecord(err) {
			return IKEInfo{}, err
		}
		if i.ID == id && sameInstance(i.Instance, instance) && i.Port == port {
			return i, err
		}
	}
	return IKEInfo{}, refused(&ConfigError{Code: CodeNoAuthInfoAvailable, What: "identity " + id, Reason: "no key is stored for it" + (scope{instance, port}).to()})
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
		return ikeRecord{ID: partOfKey(r.Key, 1), Instance: instance, Port: port.Uint32()}, err
	}
	return i, nil
}

func (r *ikeRecord) info() IKEInfo {
	return IKEInfo{ID: r.ID, Instance: r.Instance, Port: Number(r.Port), Flags: ipsec.Flags(r.Flags), KeyRef: r.Key.Ref}
}

// RemoveIKEInfo forgets the key of a peer.
func (s *Service) RemoveIKEInfo(ctx context.Context, id, instance string, port PortNumber) error {
	id, err := identity(id)
	if err != nil {
		return refused(err)
	}
	reason := "no key is stored for it" + (scope{instance, port}).to()
	for i, err := range s.IKEInfos(ctx) {
		if err != nil && !oneRecord(err) {
			return err
		}
		if i.ID == id {
			reason += "; there is one" + (scope{i.Instance, i.Port}).from()
		}
	}
	return s.drop(ctx, ikeKey(id, instance, port), &ConfigError{Code: CodeNoAuthInfoAvailable, What: "identity " + id, Reason: reason})
}

// ikeKey is the record of a peer's key.
func ikeKey(id, instance string, port PortNumber) string {
	return fmt.Sprintf("%s%s/%s/%010d", prefixPSK, url.PathEscape(id), foldInstance(instance), port.Uint32())
}

// CanonicalIdentity returns the form in which an identity of IKE is stored and
// compared, or a *ConfigError with CodeInvalidParameter: an address without a zone, a
// domain name or user@domain, in lower case, or GroupID.
func CanonicalIdentity(id string) (string, error) { return identity(id) }

// identity is CanonicalIdentity.
func identity(id string) (string, error) {
	if addr, err := netip.ParseAddr(unbracketed(id)); err == nil && addr.Zone() == "" {
		return canonicalAddr(addr).String(), nil
	}
	host := id
	if i := strings.LastIndexByte(id, '@'); i > 0 {
		host = id[i+1:]
	}
	if reason := badHost(host); reason != "" || len(id) > MaxAddressLen {
		return "", &ConfigError{Code: CodeInvalidParameter, What: "identity " + quote([]byte(id)), Reason: "neither " + GroupID + " nor an address, a domain name or user@domain"}
	}
	return strings.TrimSuffix(strings.ToLower(id), "."), nil
}

// key is the KeyFunc of a Service: the peer's own key, else the one for all, else
// what the Discoverer knows. Of several the one whose scope is closest to the port.
func (s *Service) key(ctx context.Context, from Port, peer Peer) (PSK, bool, error) {
	var found *ikeRecord
	var row string
	var unread error // of found
	rank := -1
	for r, err := range s.records(ctx, prefixPSK) {
		if err != nil {
			return PSK{}, false, err
		}
		i, err := decodeIKE(r)
		if n := i.rank(from, peer); n > rank {
			found, row, rank, unread = &i, r.Key, n, err
		}
	}
	if unread != nil {
		return PSK{}, false, unread
	}
	if found == nil {
		if f := s.cfg.Discoverer.Key; f != nil {
			return f(ctx, from, peer)
		}
		return PSK{}, false, nil
	}
	secret, err := s.reveal(ctx, found.Key, row, fieldIPsecKey)
	if err != nil {
		return PSK{}, false, err
	}
	key := PSK{Secret: secret}
	if found.ID != GroupID {
		key.Remote = found.ID
	}
	return key, true, nil
}

func (r *ikeRecord) scope() scope { return scope{r.Instance, Number(r.Port)} }

// rank says how well a key fits a port and a peer: -1 not at all, more is better.
func (r *ikeRecord) rank(from Port, peer Peer) int {
	const byAddress, byName, group = 20, 10, 0
	scope := r.scope().rank(from)
	switch {
	case scope < 0:
	case r.ID == canonicalAddr(peer.Addr).WithZone("").String():
		return byAddress + scope
	case peer.Name != "" && r.ID == strings.TrimSuffix(strings.ToLower(peer.Name), "."):
		return byName + scope
	case r.ID == GroupID:
		return group + scope
	}
	return -1
}
