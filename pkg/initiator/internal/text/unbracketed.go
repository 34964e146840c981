package text

import "strings"

// Unbracketed returns an address without the brackets that some write around IPv6.
func Unbracketed(s string) string {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return s[1 : len(s)-1]
	}
	return s
}
