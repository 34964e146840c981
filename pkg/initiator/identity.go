package initiator

import (
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// CanonicalIdentity is ipsec.CanonicalIdentity with an *isdsc.Error of
// isdsc.InvalidParameter for what is no identity.
func CanonicalIdentity(id string) (string, error) {
	canonical, err := ipsec.CanonicalIdentity(id)
	return canonical, coded(err)
}

// ofOne returns the canonical form of an identity that is one end's. ipsec.GroupID is
// not: it stands for all peers.
func ofOne(id string) (string, error) {
	canonical, err := CanonicalIdentity(id)
	if err == nil && canonical == ipsec.GroupID {
		err = &isdsc.Error{Code: isdsc.InvalidParameter, What: "identity " + id, Reason: "the word means all peers, and here one is needed: give an address, a domain name or user@domain"}
	}
	return canonical, err
}
