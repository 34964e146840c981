package initiator

import (
	"net/netip"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/zone"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// maxUserLen is the longest user of a user@domain, in bytes (RFC 5321, section
// 4.5.3.1.1).
const maxUserLen = 64

// CanonicalIdentity returns the form in which an identity of IKE is stored and
// compared, or a *isdsc.Error with isdsc.InvalidParameter: an address of a host
// without a zone, a domain name or user@domain, in lower case, or GroupID.
//
// An IKE daemon gives meanings of its own to other text: patterns (*@example.com,
// %any), distinguished names (C=CH, CN=array) and types (asn1dn:#30…). So it is the
// known forms that are let through, and nothing else: in a domain name letters,
// digits, '-', '_' and '.', in a user these and '+'.
func CanonicalIdentity(id string) (string, error) {
	refuse := func() (string, error) {
		return "", &isdsc.Error{Code: isdsc.InvalidParameter, What: "identity " + text.Quote([]byte(id)), Reason: "neither " + GroupID + " nor an address of a host, a domain name or user@domain (of letters, digits and . - _, in user + as well)"}
	}
	if addr, err := netip.ParseAddr(text.Unbracketed(id)); err == nil {
		if addr.Zone() != "" || !zone.IsHost(addr) {
			return refuse()
		}
		return zone.Canonical(addr).String(), nil
	}
	host := id
	if user, domain, ok := strings.Cut(id, "@"); ok {
		if !isUser(user) {
			return refuse()
		}
		host = domain
	}
	if name.BadHost(host) != "" || len(id) > name.MaxAddressLen {
		return refuse()
	}
	return strings.TrimSuffix(strings.ToLower(id), "."), nil
}

// isUser reports whether s can be the user of a user@domain.
func isUser(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '-', c == '_', c == '+':
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxUserLen
}

// ofOne returns the canonical form of an identity that is one end's. GroupID is
// not: it stands for all peers.
func ofOne(id string) (string, error) {
	canonical, err := CanonicalIdentity(id)
	if err == nil && canonical == GroupID {
		err = &isdsc.Error{Code: isdsc.InvalidParameter, What: "identity " + id, Reason: "the word means all peers, and here one is needed: give an address, a domain name or user@domain"}
	}
	return canonical, err
}

// GroupID is the identity of the key for every peer that has none of its own.
const GroupID = "group"
