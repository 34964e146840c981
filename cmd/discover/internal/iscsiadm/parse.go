package iscsiadm

import (
	"errors"
	"strconv"
	"strings"
)

// Parse reads a command line, without the name of the program. Its error is a
// *UsageError and is that of the real program wherever it refuses the line, too. A line of
// a mode that is not ours is never refused: it can be handed on as it stands, and
// [Call.Check] says what is wrong with it.
func Parse(args []string) (*Call, error) {
	r := &reader{call: Call{Print: -1}, options: options(args)}
	mode := r.lastMode()
	err := r.read()
	if err == nil {
		err = r.readPortal()
	}
	if err == nil {
		return &r.call, nil
	}
	r.explain(err)
	if !mode.Ours() {
		return &Call{Mode: mode, Print: -1, refused: err}, nil
	}
	return nil, err
}

// A reader makes a Call of options.
type reader struct {
	call    Call
	options []option

	portal      string       // of -p
	checked     [Daemon]bool // modes that have all the options
	name, value *string
	culprit     byte // of the last option that cannot be read
}

// lastMode returns the mode of a line as far as it can be told before the line is
// checked; None where it has none, or names none.
func (r *reader) lastMode() Mode {
	mode := None
	for _, o := range r.options {
		if o.letter == 'm' {
			mode = modes[o.value].mode
		}
	}
	return mode
}

// maxExplained is of how many options that cannot be read a message says what is wrong.
const maxExplained = 8

// explain adds to err what is wrong with the options that cannot be read.
func (r *reader) explain(err error) {
	var usage *UsageError
	if !errors.As(err, &usage) {
		return
	}
	for _, o := range r.options {
		if o.wrong != "" && len(usage.Before) < maxExplained {
			usage.Before = append(usage.Before, o.wrong)
		}
	}
}

// read takes the options in their order. The first thing that is wrong counts; where a
// mode is named, all options are held against it at once.
func (r *reader) read() error {
	for _, o := range r.options {
		if harmful(o.value) {
			return refuse("control characters in the value of -%c", o.letter)
		}
		if err := r.take(o); err != nil {
			return err
		}
		if r.call.Version || r.call.Help {
			return nil
		}
		if o.letter != '?' {
			r.call.given[o.letter] = true
		}
		if r.name != nil && r.value != nil {
			r.call.Params = append(r.call.Params, Param{*r.name, *r.value})
			r.name, r.value = nil, nil
		}
	}
	switch {
	case r.culprit != 0:
		return refuse("unrecognized character '%s'", shown(string([]byte{r.culprit})))
	case r.call.Mode != None:
	case r.call.given['k']:
		r.call.Mode = Daemon
	default:
		return &UsageError{Text: "Try `iscsiadm --help' for more information.", Bare: true}
	}
	return nil
}

// take takes one option.
func (r *reader) take(o option) error {
	c := &r.call
	switch o.letter {
	case '?':
		r.culprit = o.culprit
	case 'V':
		c.Version, c.Mode = true, None
	case 'h':
		c.Help, c.Mode = true, None
	case 'm':
		return r.mode(o.value)
	case 't':
		c.Type = types[o.value]
	case 'p':
		r.portal = o.value
	case 'T':
		c.Target = o.value
	case 'I':
		c.Ifaces = append(c.Ifaces, o.value)
	case 'o':
		op, known := operations[o.value]
		if !known {
			return refuse("can not recognize operation: '%s'", shownWord(o.value))
		}
		c.Ops |= op
	case 'n':
		r.name = &o.value
	case 'v':
		r.value = &o.value
	case 'D':
		c.Discover = true
	case 'l':
		c.Login = true
	case 'S':
		c.Secrets = true
	case 'P':
		c.Print = max(number(o.value), -1)
	}
	return nil
}

// mode takes the mode, and refuses options that it does not have.
func (r *reader) mode(word string) error {
	m, known := modes[word]
	if !known {
		return refuse("mode -1 is not yet supported")
	}
	if r.call.Mode = m.mode; r.checked[m.mode] {
		return nil
	}
	r.checked[m.mode] = true
	for _, o := range r.options {
		if !contains(m.letters, o.letter) {
			return refuse("%s mode: option '-%c' is not allowed/supported", m.name, o.letter)
		}
	}
	return nil
}

// readPortal reads the portal, whose default port depends on the type.
func (r *reader) readPortal() error {
	if !r.call.given['p'] {
		return nil
	}
	port := uint16(sendTargetsPort)
	if r.call.Type == ISNS {
		port = isnsPort
	}
	var err error
	r.call.Portal, err = parsePortal(r.portal, port)
	return err
}

// number reads a number as atoi does: what is none counts as 0.
func number(s string) int {
	s = strings.TrimLeft(s, " ")
	end := 0
	for end < len(s) && (s[end] >= '0' && s[end] <= '9' || end == 0 && (s[end] == '-' || s[end] == '+')) {
		end++
	}
	n, _ := strconv.Atoi(s[:end]) // too large: the largest
	return n
}
