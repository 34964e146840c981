package pdu

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
)

// ParseNumber returns the value of a decimal or hexadecimal constant below 2^64
// (RFC 7143, section 6.1). A decimal has no sign and no leading zeros; a
// hexadecimal begins with 0x or 0X and may have digits in either case.
// Everything else is a *ValueError.
func ParseNumber(v []byte) (uint64, error) {
	base, digits := uint64(10), v
	if len(v) > 2 && v[0] == '0' && (v[1] == 'x' || v[1] == 'X') {
		base, digits = 16, v[2:]
	}
	if len(digits) == 0 {
		return 0, &ValueError{Kind: "number", Reason: "empty"}
	}
	if base == 10 && digits[0] == '0' && len(digits) > 1 {
		return 0, &ValueError{Kind: "number", Reason: "a decimal with a leading zero"}
	}
	var n uint64
	for _, c := range digits {
		d, ok := digit(c)
		if !ok || d >= base {
			return 0, &ValueError{Kind: "number", Reason: "not a digit"}
		}
		next := n*base + d
		if n > (1<<64-1)/base || next < n*base {
			return 0, &ValueError{Kind: "number", Reason: "not below 2^64"}
		}
		n = next
	}
	return n, nil
}

func digit(c byte) (uint64, bool) {
	switch {
	case '0' <= c && c <= '9':
		return uint64(c - '0'), true
	case 'a' <= c && c <= 'f':
		return uint64(c-'a') + 10, true
	case 'A' <= c && c <= 'F':
		return uint64(c-'A') + 10, true
	}
	return 0, false
}

// AppendBinary appends the bytes that v encodes, in hexadecimal (0x…) or
// base64 (0b…), to dst. An odd count of hexadecimal digits has an implied zero
// in front. More than limit bytes are a *ValueError, judged before any is
// appended; so is each character that does not belong, and base64 that is not
// padded or not canonical.
func AppendBinary(dst, v []byte, limit int) ([]byte, error) {
	if len(v) < 2 || v[0] != '0' {
		return dst, &ValueError{Kind: "binary value", Reason: "neither 0x nor 0b in front"}
	}
	digits := v[2:]
	if len(digits) == 0 {
		return dst, &ValueError{Kind: "binary value", Reason: "empty"}
	}
	switch v[1] {
	case 'x', 'X':
		return appendHex(dst, digits, limit)
	case 'b', 'B':
		return appendBase64(dst, digits, limit)
	}
	return dst, &ValueError{Kind: "binary value", Reason: "neither 0x nor 0b in front"}
}

func appendHex(dst, digits []byte, limit int) ([]byte, error) {
	if (len(digits)+1)/2 > limit {
		return dst, &ValueError{Kind: "binary value", Reason: "too long"}
	}
	n := len(dst)
	if len(digits)%2 == 1 {
		d, ok := digit(digits[0])
		if !ok {
			return dst, &ValueError{Kind: "binary value", Reason: "not a hexadecimal digit"}
		}
		dst, digits = append(dst, byte(d)), digits[1:]
	}
	dst, err := hex.AppendDecode(dst, digits)
	if err != nil {
		return dst[:n], &ValueError{Kind: "binary value", Reason: "not a hexadecimal digit"}
	}
	return dst, nil
}

func appendBase64(dst, digits []byte, limit int) ([]byte, error) {
	// encoding/base64 skips line breaks; the RFC knows none.
	if bytes.ContainsAny(digits, "\r\n") {
		return dst, &ValueError{Kind: "binary value", Reason: "not base64"}
	}
	if len(digits)/4*3-2 > limit {
		return dst, &ValueError{Kind: "binary value", Reason: "too long"}
	}
	n := len(dst)
	dst, err := base64.StdEncoding.Strict().AppendDecode(dst, digits)
	if err != nil {
		return dst[:n], &ValueError{Kind: "binary value", Reason: "not base64"}
	}
	if len(dst)-n > limit {
		return dst[:n], &ValueError{Kind: "binary value", Reason: "too long"}
	}
	return dst, nil
}

// AppendHex appends b to dst as a hexadecimal constant, 0x in front.
func AppendHex(dst, b []byte) []byte {
	return hex.AppendEncode(append(dst, "0x"...), b)
}
