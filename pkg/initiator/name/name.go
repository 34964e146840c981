package name

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"

	"github.com/go-iscsi/discovery/pkg/initiator/internal/text"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// MaxLen is the longest iSCSI name in bytes (RFC 7143, section 4.2.7.1).
const MaxLen = 223

// Validate reports, as a *isdsc.Error with isdsc.InvalidISCSIName, a name that
// is no iSCSI name: iqn., eui. or naa. form (RFC 7143, section 4.2.7), without
// anything that RFC 3722 prohibits. Upper case and '_' pass, since real arrays use
// them.
func Validate(name string) error {
	if reason := badName(name); reason != "" {
		return nameError(name, reason)
	}
	return nil
}

// CheckName reports, as a *isdsc.Error with isdsc.InvalidISCSIName, a harmful name:
// an empty one, one of more than MaxLen bytes, one that begins with neither a
// letter nor a digit, or one with a character that is not allowed in iSCSI names (RFC
// 3722). A harmless name can be written to any output, but it need not be an iSCSI
// name: unusual says in words what is wrong with its form (RFC 7143, section
// 4.2.7). Arrays and hosts with such names exist. unusual is empty where
// Validate finds nothing.
func CheckName(name string) (unusual string, err error) {
	if reason := Harmful(name); reason != "" {
		return "", nameError(name, reason)
	}
	return Unusual(name), nil
}

func nameError(name, reason string) error {
	return &isdsc.Error{Code: isdsc.InvalidISCSIName, What: "iSCSI name " + text.Quote([]byte(name)), Reason: reason}
}

// Fold returns the form in which iSCSI names are compared: case-folded and
// normalised (RFC 3722).
func Fold(name string) string {
	for i := range len(name) {
		if c := name[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			// Some characters have a case only once they are normalised.
			return norm.NFKC.String(strings.ToLower(norm.NFKC.String(name)))
		}
	}
	return name
}

// badName says what is wrong with a name, its characters before its form; empty:
// nothing.
func badName(s string) string {
	if reason := Harmful(s); reason != "" {
		return reason
	}
	return Unusual(s)
}

// Harmful says what keeps a name from being written to every output; empty:
// nothing.
func Harmful(s string) string {
	switch {
	case s == "":
		return "an empty name"
	case len(s) > MaxLen:
		return "more than 223 bytes"
	}
	if first, _ := utf8.DecodeRuneInString(s); first != utf8.RuneError && !unicode.IsLetter(first) && !unicode.IsDigit(first) {
		return "it starts with neither a letter nor a digit"
	}
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf {
			return badUnicode(s)
		} else if !isNameChar(c) {
			return "it contains a character that is not allowed in iSCSI names"
		}
	}
	return ""
}

// notPrefixed is the reason of names that are of no form at all.
const notPrefixed = "an iSCSI name starts with iqn., eui. or naa."

// Unusual says what keeps a harmless name from being an iSCSI name; empty:
// nothing.
func Unusual(s string) string {
	if len(s) < 4 {
		return notPrefixed
	}
	rest := s[4:]
	switch {
	case strings.EqualFold(s[:4], "iqn."):
		return unusualQualified(rest)
	case strings.EqualFold(s[:4], "eui."):
		if len(rest) != 16 || !isHex(rest) {
			return "eui. must be followed by 16 hexadecimal digits"
		}
	case strings.EqualFold(s[:4], "naa."):
		if len(rest) != 16 && len(rest) != 32 || !isHex(rest) {
			return "naa. must be followed by 16 or 32 hexadecimal digits"
		}
	default:
		return notPrefixed
	}
	return ""
}

// unusualQualified checks the form of what follows "iqn.": yyyy-mm, a dot, a
// reversed domain name, and anything after a colon.
func unusualQualified(s string) string {
	if len(s) < 9 || !isDigits(s[:4]) || s[4] != '-' || !isDigits(s[5:7]) || s[7] != '.' {
		return "iqn. must be followed by yyyy-mm, a dot and a reversed domain name"
	}
	if month := s[5:7]; month < "01" || month > "12" {
		return "the month is not 01 to 12"
	}
	if s[8] == ':' {
		return "the domain name is missing"
	}
	return ""
}

// badUnicode holds a name that goes beyond ASCII against RFC 3722: nothing
// prohibited, nothing that normalisation would change. It wants the whole, since
// a mark may join the letter before it. Upper case passes here, too.
func badUnicode(s string) string {
	if !utf8.ValidString(s) {
		return "not UTF-8"
	}
	if !norm.NFKC.IsNormalString(s) {
		return "not normalised (NFKC)"
	}
	for _, r := range s {
		if r < utf8.RuneSelf {
			if !isNameChar(byte(r)) {
				return "it contains a character that is not allowed in iSCSI names"
			}
			continue
		}
		if isProhibited(r) {
			return "it contains a character that is not allowed in iSCSI names"
		}
		// Names begin from left to right, so nothing may run the other way
		// (RFC 3454, section 6).
		if p, _ := bidi.LookupRune(r); p.Class() == bidi.R || p.Class() == bidi.AL {
			return "it contains a character that is written from right to left"
		}
	}
	return ""
}

// isProhibited reports the characters beyond ASCII that RFC 3722, section 6,
// prohibits: spaces, control and format characters, private use, unassigned
// code points, and the ideographic full stop. Characters that are mapped to
// nothing (RFC 3454, table B.1) are among the format characters and marks.
func isProhibited(r rune) bool {
	switch {
	case r == '\u3002':
		return true
	case unicode.In(r, unicode.Z, unicode.C, unicode.Variation_Selector, unicode.Noncharacter_Code_Point):
		return true
	case unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), r == '\u2800': // letters and symbols that cannot be seen
		return true
	case r == '\u034f', r == '\u1806': // mapped to nothing
		return true
	case 0x2ff0 <= r && r <= 0x2ffb: // ideographic description
		return true
	case r == '\u0340', r == '\u0341', r == '\ufffc', r == '\ufffd':
		return true
	}
	return !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S)
}

// nameChars are the characters of names that are ASCII.
const nameChars = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-.:_"

func isNameChar(c byte) bool { return strings.IndexByte(nameChars, c) >= 0 }

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func isHex(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return true
}
