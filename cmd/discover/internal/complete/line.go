package complete

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A Line is a command line up to the word that is completed.
type Line struct {
	cmd     *cobra.Command
	set     *pflag.FlagSet // of the verb and of each verb
	given   []string       // names of the flags that are there
	args    []string
	waiting *pflag.Flag // the flag whose value the word is; nil: there is none
	dashes  bool        // there is a --: no flags follow
}

// Parse reads the words behind a verb. Unlike the verb, it passes over what is wrong: the user
// may still change it.
func Parse(cmd *cobra.Command, words []string) *Line {
	cmd.InheritedFlags() // adds those of each verb to those of this one
	l := &Line{cmd: cmd, set: cmd.Flags()}
	if cmd.DisableFlagParsing {
		l.args, l.dashes = words, true
		return l
	}
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		switch {
		case word == "--":
			l.args, l.dashes = append(l.args, words...), true
			return l
		case strings.HasPrefix(word, "--"):
			name, value, given := strings.Cut(word[2:], "=")
			words = l.flag(l.set.Lookup(name), value, given, words)
		case len(word) > 1 && word[0] == '-':
			words = l.letters(word[1:], words)
		default:
			l.args = append(l.args, word)
		}
	}
	return l
}

// letters reads flags of one letter, of which the last may have a value. It returns the words
// behind that.
func (l *Line) letters(word string, words []string) []string {
	for i := range len(word) {
		f := l.set.ShorthandLookup(word[i : i+1])
		if f == nil {
			return words
		}
		if f.NoOptDefVal == "" {
			value := strings.TrimPrefix(word[i+1:], "=")
			return l.flag(f, value, value != "", words)
		}
		l.flag(f, "", false, nil)
	}
	return words
}

// flag reads a flag, whose value is the next word unless it is given or has a default.
func (l *Line) flag(f *pflag.Flag, value string, given bool, words []string) []string {
	switch {
	case f == nil:
		return words
	case given:
	case f.NoOptDefVal != "":
		value = f.NoOptDefVal
	case len(words) == 0:
		l.waiting = f
		return nil
	default:
		value, words = words[0], words[1:]
	}
	_ = l.set.Set(f.Name, value) // a value that is wrong is as good as none here
	l.given = append(l.given, f.Name)
	return words
}

// has reports whether a flag is there.
func (l *Line) has(name string) bool { return slices.Contains(l.given, name) }
