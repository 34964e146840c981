package host

import (
	"fmt"
	"strings"
)

// MaxLen is the longest host name or address in bytes: that of a portal in the
// reference API.
const MaxLen = 255

// BadName says why s is neither an IPv4 address nor a host name; empty: it is
// one.
func BadName(s string) string {
	switch {
	case s == "":
		return "no host"
	case len(s) > MaxLen:
		return fmt.Sprintf("a host of more than %d bytes", MaxLen)
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
