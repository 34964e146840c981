package flags

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
)

// MaxNameFile is how long a file with our name may be, in bytes.
const MaxNameFile = 64 << 10

// nameKey is what open-iscsi has the name under.
const nameKey = "InitiatorName"

// blanks are what open-iscsi drops around a value.
const blanks = " \t\n\v\f\r"

// A nameRule says why a name cannot be used; nil: it can.
type nameRule func(name string) error

// RuleOfNames returns the rule for names of ours.
func RuleOfNames(strict bool) nameRule {
	if strict {
		return name.Validate
	}
	return func(iqn string) error {
		_, err := name.CheckName(iqn)
		return err
	}
}

// NameIn returns the first usable InitiatorName of a file in the format of
// open-iscsi; bare says that a file without one may have the name itself on its
// first line that is neither empty nor a comment. The error is why there is none; it
// repeats nothing of the file, which may be one that the operator did not mean.
func NameIn(b []byte, bare bool, rule nameRule) (string, error) {
	b, err := machine.UTF8Text(b)
	if err != nil {
		return "", err
	}
	var wrong error // with the first name
	var alone string
	n, aloneAt := 0, 0
	for line := range bytes.Lines(b) {
		n++
		text := strings.Trim(string(line), blanks)
		name, ok := nameOfLine(text)
		switch {
		case ok:
			err := rule(name)
			if err == nil {
				return name, nil
			}
			if wrong == nil {
				wrong = fmt.Errorf("line %d: %s", n, wording.ConfigReason(err))
			}
		case aloneAt == 0 && text != "" && text[0] != '#':
			alone, aloneAt = unquoted(text), n
		}
	}
	switch {
	case wrong != nil:
		return "", wrong
	case !bare, aloneAt == 0, strings.Contains(alone, "="):
		return "", errors.New("it contains no " + nameKey)
	}
	if err := rule(alone); err != nil {
		return "", fmt.Errorf("line %d: %s", aloneAt, wording.ConfigReason(err))
	}
	return alone, nil
}

// nameOfLine returns the value of InitiatorName= on a line. As in open-iscsi the key
// may stand behind other words, and not behind a #.
func nameOfLine(line string) (name string, ok bool) {
	before, after, found := strings.Cut(line, nameKey)
	if !found || strings.Contains(before, "#") {
		return "", false
	}
	value, ok := strings.CutPrefix(strings.TrimLeft(after, blanks), "=")
	return unquoted(value), ok
}

// unquoted returns a value without the quotes around it and a comment behind it.
// Neither can be part of a name, but open-iscsi takes both for it.
func unquoted(s string) string {
	s = strings.Trim(s, blanks)
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		inside, behind, closed := strings.Cut(s[1:], s[:1])
		if behind = strings.TrimLeft(behind, blanks); closed && (behind == "" || behind[0] == '#') {
			return strings.Trim(inside, blanks)
		}
		return s
	}
	for i := range len(s) {
		if s[i] == '#' && (i == 0 || strings.IndexByte(blanks, s[i-1]) >= 0) {
			return strings.TrimRight(s[:i], blanks)
		}
	}
	return s
}

// FileReason returns why a file could not be read, without its name.
func FileReason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// NameFile is where Linux' initiator keeps the host's iSCSI name. Arrays that
// know the host know it by that one. Tests of the built command name another file by
// the linker.
var NameFile = "/etc/iscsi/initiatorname.iscsi"
