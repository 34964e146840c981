package ipsec

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/internal/host"
)

// GroupID is the identity of the key for every peer that has none of its own.
const GroupID = "group"

// Limits of an identity and of what an error repeats of one.
const (
	maxUserLen        = 64 // bytes, of the user of a user@domain (RFC 5321, section 4.5.3.1.1)
	maxIdentityQuoted = 256
)

// CanonicalIdentity returns the form in which an identity of IKE is stored and
// compared, or a *RequestError: an address of a host without a zone, a domain name
// or user@domain, in lower case, or GroupID.
//
// An IKE daemon gives meanings of its own to other text: patterns (*@example.com,
// %any), distinguished names (C=CH, CN=array) and types (asn1dn:#30…). So only the
// known forms are accepted: in a domain name letters, digits, '-', '_' and '.', in a
// user these and '+'.
func CanonicalIdentity(id string) (string, error) {
	refuse := func() (string, error) {
		return "", &RequestError{What: "identity " + quoted(id), Reason: "neither " + GroupID + " nor an address of a host, a domain name or user@domain (of letters, digits and . - _, in user + as well)"}
	}
	if addr, err := netip.ParseAddr(host.Unbracketed(id)); err == nil {
		if addr.Zone() != "" || !host.IsOne(addr) {
			return refuse()
		}
		return host.Canonical(addr).String(), nil
	}
	name := id
	if user, domain, ok := strings.Cut(id, "@"); ok {
		if !isUser(user) {
			return refuse()
		}
		name = domain
	}
	if host.BadName(name) != "" || len(id) > host.MaxLen {
		return refuse()
	}
	return strings.TrimSuffix(strings.ToLower(id), "."), nil
}

// quoted returns an identity as an error repeats it: printable ASCII, and bounded.
func quoted(id string) string {
	if len(id) > maxIdentityQuoted {
		return strconv.QuoteToASCII(id[:maxIdentityQuoted]) + "…"
	}
	return strconv.QuoteToASCII(id)
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
