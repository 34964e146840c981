package sweep

import (
	"cmp"
	"errors"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// ParsePortal understands one portal as users type or paste it. Besides what the library
// takes this is HOST:PORT,TAG, as tables and -o iscsiadm print it: tagged reports that
// there was a portal group tag, which says nothing about where the portal is. The error
// says what the text looks like instead of a portal.
func ParsePortal(s string, defaultPort uint16) (p initiator.Portal, tagged bool, err error) {
	if name.Validate(s) == nil {
		return p, false, errIsName
	}
	p, err = initiator.ParsePortal(s, defaultPort)
	if err == nil && !isNumber(s) {
		return p, false, nil
	}
	if where, ok := withoutTag(s); ok {
		if p, err := initiator.ParsePortal(where, 0); err == nil && p.Port != 0 {
			return p, true, nil
		}
	}
	if err == nil {
		return initiator.Portal{}, false, lookalikeError(s)
	}
	return initiator.Portal{}, false, cmp.Or(lookalikeError(s), errors.New(wording.ConfigReason(err)))
}

// errIsName is an iSCSI name in the place of a portal.
var errIsName = errors.New("this is an iSCSI name, but a portal is expected: write HOST or HOST:PORT (verbs of discover target take names)")

// withoutTag cuts a portal group tag off, as -o iscsiadm prints it: a number, or -1 for
// none.
func withoutTag(s string) (where string, ok bool) {
	where, tag, found := strings.Cut(s, ",")
	if !found || tag == "-1" {
		return where, found
	}
	_, err := strconv.ParseUint(tag, 10, 16)
	return where, err == nil && isNumber(tag)
}

// isNumber reports text of decimal digits and nothing else.
func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// lookalikeError is lookalike as an error; nil: it looks like nothing that is known.
func lookalikeError(s string) error {
	if reason := lookalike(s); reason != "" {
		return errors.New(reason)
	}
	return nil
}

// lookalike says what text looks like that is no portal; empty: it looks like nothing
// that is known. The text itself is not repeated, since it may be a line of a file.
func lookalike(s string) string {
	lower := strings.ToLower(s)
	words := strings.Fields(s)
	left, right, comma := strings.Cut(s, ",")
	switch {
	case len(words) == 2 && isNumber(words[1]):
		return "host and TCP port are two words here: write HOST:PORT"
	case len(words) > 1:
		return "there is a space in it: give each portal alone"
	case strings.HasPrefix(lower, "iqn.") || strings.HasPrefix(lower, "eui.") || strings.HasPrefix(lower, "naa."):
		return errIsName.Error()
	case isNumber(s):
		return "a number alone is not a portal: write HOST:PORT, or give the TCP port of all portals with --tcp-port N"
	case strings.HasSuffix(s, "/") && isHost(strings.TrimSuffix(s, "/")):
		return "there is a / at its end: write HOST or HOST:PORT"
	case comma && isNumber(right) && isHost(left):
		return "after a comma stands a portal group tag, as in HOST:PORT,TAG; the TCP port follows a colon: write HOST:PORT"
	case comma && isHost(left):
		return "there is a comma in it: separate portals by spaces"
	}
	return ""
}

// isHost reports a host, with or without a TCP port.
func isHost(s string) bool {
	_, err := initiator.ParsePortal(s, 1)
	return err == nil
}

// SinglePortal is ParsePortal for a verb that takes single portals, which says of a block
// or a range what it is.
func SinglePortal(s string, defaultPort uint16) (p initiator.Portal, tagged bool, err error) {
	if name.Validate(s) != nil {
		if b, err := parseBlock(s, defaultPort); b != nil && err == nil {
			return p, false, errIsBlock
		}
	}
	return ParsePortal(s, defaultPort)
}

// errIsBlock is a block or a range in the place of one portal.
var errIsBlock = errors.New("this is a block or range, but single portals are expected: find them with discover scan --open")

// targetLine understands a line of -o iscsiadm: HOST:PORT,TAG and the name of a target.
// The name is not needed. ok: the line is of that form.
func targetLine(line string, defaultPort uint16) (p initiator.Portal, ok bool, err error) {
	words := strings.Fields(line)
	if len(words) < 2 {
		return p, false, nil
	}
	if len(words) == 2 {
		p, tagged, err := ParsePortal(words[0], defaultPort)
		if _, harmful := name.CheckName(words[1]); err == nil && tagged && harmful == nil && !isNumber(words[1]) {
			return p, true, nil
		}
	}
	if len(words) == 2 && isNumber(words[1]) {
		return p, false, nil // lookalike knows it
	}
	return p, false, errors.New("expected one portal per line; only the name of a target may follow it, as in the lines HOST:PORT,TAG NAME of -o iscsiadm")
}
