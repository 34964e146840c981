package ipsec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// wordOff is the list that says: valid, and no IPsec.
const wordOff = "off"

// words are the names of the flags, in the order in which they are written.
var words = [...]struct {
	name string
	bit  Flags
}{
	{"ike", FlagIKE},
	{"transport", FlagTransport},
	{"tunnel", FlagTunnel},
	{"main", FlagMain},
	{"aggressive", FlagAggressive},
	{"pfs", FlagPFS},
}

// Words returns the words that ParseList knows, in the order in which String
// writes them.
func Words() []string {
	names := make([]string, 0, len(words)+1)
	for _, w := range words {
		names = append(names, w.name)
	}
	return append(names, wordOff)
}

// ParseList reads a list of words, separated by commas and nothing else, in any
// order. The result has FlagValid. Each word but off implies ike; off stands
// alone. The error is a *ParseError.
func ParseList(s string) (Flags, error) {
	refuse := func(reason string) (Flags, error) { return 0, &ParseError{Input: s, Reason: reason} }
	switch s {
	case "":
		return refuse("expected one or more of " + strings.Join(Words(), ", "))
	case wordOff:
		return FlagValid, nil
	}
	f := FlagValid
	for name := range strings.SplitSeq(s, ",") {
		i := slices.Index(Words(), name)
		switch {
		case i < 0:
			return refuse(fmt.Sprintf("%q is not one of %s", cut(name), strings.Join(Words(), ", ")))
		case i == len(words):
			return refuse("off cannot be combined with other words: leave out off or the rest")
		case f.Has(words[i].bit):
			return refuse(name + " occurs twice")
		}
		f |= words[i].bit
	}
	if reason := f.contradiction(); reason != "" {
		return refuse(reason)
	}
	return f | FlagIKE, nil
}

// Parse reads what ParseList does, or a bitmap in hexadecimal that begins with
// 0x and is taken as it is, contradictions included: see Validate. The error is
// a *ParseError.
func Parse(s string) (Flags, error) {
	digits, ok := strings.CutPrefix(strings.ToLower(s), "0x")
	if !ok {
		return ParseList(s)
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	if err != nil {
		return 0, &ParseError{Input: s, Reason: "expected 0x and up to 16 hexadecimal digits"}
	}
	return Flags(n), nil
}

// maxQuoted is how much of an input an error repeats, in bytes.
const maxQuoted = 80

func cut(s string) string {
	if len(s) > maxQuoted {
		return s[:maxQuoted] + "…"
	}
	return s
}
