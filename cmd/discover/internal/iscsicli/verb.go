// Package iscsicli is the language of Windows' iscsicli: its verbs with their
// arguments, the layout of its answers, and its sentences. It understands and
// lays out; it opens nothing and asks no portal.
//
// Its errors and usages never repeat an argument: an argument in the
// wrong place may be a secret.
package iscsicli

import (
	"fmt"
	"slices"
	"strings"
)

// A Verb is one of the tool's verbs.
type Verb struct {
	Name  string
	Short string // what it does, in a line

	// Instead says what to use in the place of a verb that is not here; empty: it
	// is here.
	Instead string

	params []param
	least  []int // numbers of arguments that it takes besides all params, ascending
	repeat int   // so many params at the end come any number of times
	parse  func(*reader) Request
}

// A UsageError is a command line that is none of the tool's. Nothing was done.
type UsageError struct {
	Verb   *Verb // nil: there is no such verb
	Reason string
}

// Error is the verb and the reason.
func (e *UsageError) Error() string {
	if e.Verb == nil {
		return "iscsicli: " + e.Reason
	}
	return "iscsicli " + e.Verb.Name + ": " + e.Reason
}

// Find returns the verb of a name, whatever its case; nil: there is none.
func Find(name string) *Verb {
	i := slices.IndexFunc(verbs, func(v *Verb) bool { return strings.EqualFold(v.Name, name) })
	if i < 0 {
		return nil
	}
	return verbs[i]
}

// Verbs returns the verbs that are here, in the order of the manual.
func Verbs() []*Verb {
	return slices.DeleteFunc(slices.Clone(verbs), func(v *Verb) bool { return v.Instead != "" })
}

// Parse understands the arguments of a verb. Its error is a *UsageError.
func (v *Verb) Parse(args []string) (Request, error) {
	if v.Instead != "" {
		return Unavailable{v}, nil
	}
	if !v.takes(len(args)) {
		return nil, &UsageError{v, v.takesText() + ", but got " + count(len(args))}
	}
	r := &reader{verb: v, args: args}
	request := v.parse(r)
	if r.err != nil {
		return nil, r.err
	}
	return request, nil
}

// Unspecified says in a line each which arguments are not specified although there is
// something behind their *: they count as * alone, which may clear what is stored. The
// lines do not repeat the arguments. Parse has taken these.
func (v *Verb) Unspecified(args []string) (lines []string) {
	for i, arg := range args {
		if len(arg) < 2 || !unspecified(arg) || v.Instead != "" {
			continue
		}
		p := v.param(i)
		line := fmt.Sprintf("argument %d, %s, starts with * and is taken as a plain *", i+1, p.name)
		if _, means, ok := strings.Cut(p.values, "; * "); ok {
			line += ": " + means
		}
		lines = append(lines, line)
	}
	return lines
}

// takes reports whether the verb may have n arguments.
func (v *Verb) takes(n int) bool {
	if v.repeat > 0 {
		fixed := len(v.params) - v.repeat
		return n >= fixed && (n-fixed)%v.repeat == 0
	}
	return n == len(v.params) || slices.Contains(v.least, n)
}
