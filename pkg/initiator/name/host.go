package name

import "github.com/go-iscsi/discovery/internal/host"

// MaxAddressLen is the longest address of a portal in bytes
// (MAX_ISCSI_PORTAL_ADDRESS_LEN of the reference API, without the NUL).
const MaxAddressLen = host.MaxLen

// BadHost says why s is neither an IPv4 address nor a host name; empty: it is
// one.
func BadHost(s string) string { return host.BadName(s) }
