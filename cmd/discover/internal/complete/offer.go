package complete

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// Offer returns what may stand in the place of word, each with a description after a tab,
// and what the shell is to do with it.
func (l *Line) Offer(w *machine.Env, word string) ([]string, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	name, value, assigned := strings.Cut(word, "=")
	switch {
	case l.waiting != nil:
		return l.values(w, l.waiting, word)
	case l.has("help") || l.has("version"):
		return nil, none
	case l.dashes || !strings.HasPrefix(word, "-"):
		return l.arguments(word)
	case assigned && strings.HasPrefix(word, "--"):
		if f := l.set.Lookup(name[2:]); f != nil {
			return l.values(w, f, value)
		}
		return nil, none
	case len(word) > 2 && word[1] != '-':
		if f := l.set.ShorthandLookup(word[1:2]); f != nil && f.NoOptDefVal == "" {
			offers, d := l.values(w, f, word[2:])
			for i := range offers {
				offers[i] = word[:2] + offers[i]
			}
			return offers, d
		}
		return nil, none
	}
	return l.flags(word), none
}

// values returns what a flag takes.
func (l *Line) values(w *machine.Env, f *pflag.Flag, word string) ([]string, cobra.ShellCompDirective) {
	offers, d := []string(nil), cobra.ShellCompDirectiveNoFileComp
	if of, ok := l.cmd.GetFlagCompletionFunc(f.Name); ok {
		offers, d = of(l.cmd, l.args, word)
	} else if v, ok := f.Value.(flags.Offerer); ok {
		offers, d = v.Offer(w, word)
	} else if f.Value.Type() == "bool" {
		offers = []string{"true", "false"}
	}
	return beginning(offers, word), d
}

// flags returns the names of the flags that may follow.
func (l *Line) flags(word string) (offers []string) {
	l.set.VisitAll(func(f *pflag.Flag) {
		repeats, ok := f.Value.(interface{ Repeats() bool })
		switch {
		case f.Hidden, l.has(f.Name) && !(ok && repeats.Repeats()):
			return
		case f.Name == l.cmd.Annotations[flags.Refused], slices.ContainsFunc(flags.Excluding(f.Name), l.has):
			return
		}
		if f.Shorthand != "" {
			offers = append(offers, "-"+f.Shorthand+"\t"+f.Usage)
		}
		offers = append(offers, "--"+f.Name+"\t"+f.Usage)
	})
	return beginning(offers, word)
}

// arguments returns the verbs below a verb, or its arguments.
func (l *Line) arguments(word string) (offers []string, d cobra.ShellCompDirective) {
	d = cobra.ShellCompDirectiveNoFileComp
	switch {
	case l.cmd.HasSubCommands():
		for _, c := range l.cmd.Commands() {
			if len(l.args) == 0 && !c.Hidden {
				offers = append(offers, c.Name()+"\t"+c.Short)
			}
		}
	case !l.takesMore():
	case l.cmd.ValidArgsFunction != nil:
		offers, d = l.cmd.ValidArgsFunction(l.cmd, l.args, word)
	case len(l.args) == 0:
		offers = l.cmd.ValidArgs
	}
	return beginning(offers, word), d
}

// takesMore reports whether the verb takes an argument besides those that are there: with it
// alone or, where the verb needs two, with another behind it.
func (l *Line) takesMore() bool {
	if l.cmd.Args == nil || l.cmd.DisableFlagParsing {
		return true
	}
	one := append(slices.Clone(l.args), "x")
	return l.cmd.Args(l.cmd, one) == nil || l.cmd.Args(l.cmd, append(one, "x")) == nil
}

// beginning returns the offers that begin with word.
func beginning(offers []string, word string) []string {
	return slices.DeleteFunc(slices.Clone(offers), func(offer string) bool {
		text, _, _ := strings.Cut(offer, "\t")
		return !strings.HasPrefix(text, word)
	})
}
