package windows

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsicli"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// helpWord asks for help, alone or before a verb. No verb of the tool has this name.
const helpWord = "help"

// asksForHelp reports whether a command line asks for help, and about which verb; empty: about
// the tool.
func asksForHelp(args []string) (asked bool, about string) {
	is := func(arg string) bool { return arg == "/?" }
	switch first := args[0]; {
	case is(first) || strings.EqualFold(first, helpWord):
		if len(args) > 1 {
			about = args[1]
		}
		return len(args) <= 2, about
	case len(args) > 1 && is(args[1]):
		return len(args) == 2, first
	}
	return false, ""
}

// WithQuestions returns the arguments of iscsicli with /? for each -?, which is no flag.
func WithQuestions(args []string) []string {
	args = slices.Clone(args)
	for i, arg := range args {
		if arg == "--" {
			break // what follows is no flag, and may be a secret
		}
		if arg == "-?" {
			args[i] = "/?"
		}
	}
	return args
}

// help prints the arguments of a verb or, without one, the verbs.
func (t *tool) help(about string) error {
	if about == "" {
		_, err := io.WriteString(t.Stdout, overview())
		return err
	}
	v := iscsicli.Find(about)
	if v == nil {
		return t.misunderstood(unknownVerb(about))
	}
	_, err := io.WriteString(t.Stdout, v.Usage())
	return err
}

// Help prints the arguments of a verb.
func Help(c *app.Command, about string) error { return (&tool{Command: c}).help(about) }

// unknownVerb is the error for a verb that the tool does not have.
func unknownVerb(name string) error {
	if end := strings.IndexAny(name, " :="); end > 0 {
		name = name[:end] // what follows may be a secret
	}
	return &iscsicli.UsageError{Reason: "unknown verb " + wording.Quoted(name) + flags.DidYouMean(name, toolVerbs())}
}

func toolVerbs() (names []string) {
	for _, v := range iscsicli.Verbs() {
		names = append(names, v.Name)
	}
	return names
}

// misunderstood says what is wrong with a command line, and what would be right.
func (t *tool) misunderstood(err error) error {
	var usage *iscsicli.UsageError
	if !errors.As(err, &usage) {
		return err
	}
	t.Say("%s", usage)
	text := overview()
	if usage.Verb != nil {
		text = usage.Verb.Usage()
	}
	fmt.Fprint(t.Stderr, text)
	return exit.StatusError(exit.Usage)
}

// overview lists the verbs of the tool.
func overview() string {
	return "Usage: discover iscsicli VERB [ARGUMENT...]\n\n" + verbTable() +
		"\nVERB /? and help VERB print the arguments of a verb.\n"
}

// verbTable lists the verbs of the tool.
func verbTable() string {
	var b strings.Builder
	for _, v := range iscsicli.Verbs() {
		name := fmt.Sprintf("  %-21s", v.Name)
		b.WriteString(name)
		column.Write(&b, len(name), v.Short)
	}
	return b.String()
}
