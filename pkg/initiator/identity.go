package initiator

import (
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// GroupID is the identity of the key for every peer that has none of its own.
const GroupID = ipsec.GroupID

// CanonicalIdentity is ipsec.CanonicalIdentity with an *isdsc.Error of
// isdsc.InvalidParameter for what is no identity.
func CanonicalIdentity(id string) (string, error) {
	canonical, err := ipsec.CanonicalIdentity(id)
	return canonical, coded(err)
}

// ofOne returns the canonical form of an identity that is one end's. GroupID is
// not: it stands for all peers.
func ofOne(id string) (string, error) {
	canonical, err := CanonicalIdentity(id)
	if err == nil && canonical == GroupID {
		err = &isdsc.Error{Code: isdsc.InvalidParameter, What: "identity " + id, Reason: "this word means all peers, but one peer is needed here: give an address, a domain name or user@domain"}
	}
	return canonical, err
}
