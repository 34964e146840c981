package name

import (
	"fmt"
	"strings"
)

// MaxAddressLen is the longest address of a portal in bytes
// (MAX_ISCSI_PORTAL_ADDRESS_LEN of the reference API, without the NUL).
const MaxAddressLen = 255

// BadHost says why s is neither an IPv4 address nor a host name; empty: it is
// one.
func BadHost(s string) string {
	switch {
	case s == "":
		return "no host"
	case len(s) > MaxAddressLen:
		return fmt.Sprintf("a host of more than %d bytes", MaxAddressLen)
	}
	digits := true
	for _, label := range strings.Split(strings.TrimSuffix(s, "."), ".") {
		if label == "" || len(label) > 63 {
			return "not a host name: each part has 1 to 63 characters"
		}
		if label[0] == '-' || label[len(label)-1] == '-' {
			return "not a host name: no part begins or ends with '-'"
		}
		for _, c := range []byte(label) {
			switch {
			case '0' <= c && c <= '9':
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '_':
				digits = false
			default:
				return "not a host name: only letters, digits, '-' and '_'"
			}
		}
	}
	if digits {
		return "not an IPv4 address"
	}
	return ""
}
