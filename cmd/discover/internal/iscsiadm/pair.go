package iscsiadm

import (
	"bytes"
	"fmt"
	"strings"
)

// Limits of open-iscsi's files.
const (
	maxLineLen = 2047 // bytes; the real iscsiadm has this limit, too
	maxNotes   = 20   // lines that are wrong and are told of, of one file
)

// A pair is a line "key = value" of one of open-iscsi's files.
type pair struct {
	line       int
	key, value string
}

// notes are lines about what is wrong in a file; a file cannot make many.
type notes []string

func (n *notes) add(format string, args ...any) {
	switch len(*n) {
	case maxNotes:
		*n = append(*n, "More lines of this file are wrong")
	case maxNotes + 1:
	default:
		*n = append(*n, fmt.Sprintf(format, args...))
	}
}

// readPairs reads a file of open-iscsi's: iscsid.conf, or a record. A key ends at the
// first blank, and blanks around a value do not count. A line that is wrong costs itself
// and a note, as it does in the real iscsiadm.
func readPairs(b []byte) (pairs []pair, n notes) {
	i := 0
	for line := range bytes.Lines(b) {
		i++
		s := strings.TrimFunc(string(line), blank)
		key, rest := cutBlank(s)
		value, found := strings.CutPrefix(rest, "=")
		value = strings.TrimFunc(value, blank)
		switch {
		case s == "" || s[0] == '#':
		case len(s) > maxLineLen:
			n.add("Config file line %d too long.", i)
		case breaksLine(strings.ReplaceAll(s, "\t", " ")):
			n.add("Config file line %d has control characters", i)
		case rest == "" && !strings.Contains(key, "="), found && value == "":
			n.add("Config file line %d does not have value", i)
		case !found:
			n.add("Config file line %d does not have '=' separator", i)
		default:
			pairs = append(pairs, pair{i, key, value})
		}
	}
	return pairs, n
}

// blank reports a character that separates words of a line, or ends it.
func blank(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }

// cutBlank cuts s at its first blanks.
func cutBlank(s string) (word, rest string) {
	i := strings.IndexFunc(s, blank)
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeftFunc(s[i:], blank)
}
