package text

import "strconv"

// ParseDecimal reads a number below 2^16 that is nothing but digits.
func ParseDecimal(s string) (uint16, error) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err
}
