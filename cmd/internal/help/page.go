package help

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
)

// A Page is the help of one verb.
type Page struct {
	Path    string // as it is typed: discover portal add
	Summary string // one line, without a full stop
	Usage   []string
	Text    Text
	Verbs   []Group       // below this one
	Flags   []flags.Group // the last may be those of each verb
	Own     int           // how many groups are of the verb itself
	SeeAlso []string      // paths of other pages
	Guides  []Topic       // that SEE ALSO names
	Topics  []Topic       // guides that the page lists
}

// A Group is verbs that serve the same purpose, under a headline.
type Group struct {
	Title string
	Verbs []Verb
}

// A Verb is a verb below the one that the page is about.
type Verb struct{ Name, Summary string }

// A Topic is a guide, as pages of verbs name it.
type Topic struct{ Name, Man, Title string }

// Of returns the page of a verb: own are the flags of the verb itself, and each those that
// all verbs take (nil: none).
func Of(cmd *cobra.Command, own []flags.Group, each *pflag.FlagSet) *Page {
	root := cmd.Root().Name()
	p := &Page{
		Path:    cmd.CommandPath(),
		Summary: cmd.Short,
		Text:    Parse(cmd.Long),
		Own:     len(own),
	}
	for _, g := range own {
		p.Flags = append(p.Flags, flags.NewGroup(g.Title, taken(g.Set, cmd)))
	}
	if cmd.HasAvailableSubCommands() && cmd != cmd.Root() {
		p.Usage = []string{p.Path + " VERB [FLAGS] ..."}
		p.Verbs = []Group{{Title: "Verbs", Verbs: verbsOf(cmd)}}
	} else {
		p.Usage = []string{strings.TrimSuffix(p.Path, cmd.Name()) + cmd.Use}
	}
	if each != nil && !cmd.DisableFlagParsing {
		p.Flags = append(p.Flags, flags.NewGroup("Each verb takes", taken(each, cmd)))
	}
	if cmd != cmd.Root() {
		p.SeeAlso = append(p.SeeAlso, root)
		if up := cmd.Parent(); up != cmd.Root() {
			p.SeeAlso = append(p.SeeAlso, up.CommandPath())
		}
	}
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			p.SeeAlso = append(p.SeeAlso, c.CommandPath())
		}
	}
	return p
}

// taken returns those of some flags that a verb takes: without the one that it refuses, and
// without the general form of those that it has in a form of its own.
func taken(of *pflag.FlagSet, cmd *cobra.Command) *pflag.FlagSet {
	some := pflag.NewFlagSet("", pflag.ContinueOnError)
	some.SortFlags = of.SortFlags
	of.VisitAll(func(f *pflag.Flag) {
		if own := cmd.Flags().Lookup(f.Name); f.Name != cmd.Annotations[flags.Refused] && (own == nil || own == f) {
			some.AddFlag(f)
		}
	})
	return some
}

// verbsOf returns the verbs below a verb that help shows.
func verbsOf(cmd *cobra.Command) (all []Verb) {
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			all = append(all, Verb{c.Name(), c.Short})
		}
	}
	return all
}

// sentence returns a summary as a sentence.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// FlagName returns a flag as it is typed, with the word that stands for its value.
func FlagName(f *pflag.Flag) (name, value string) {
	name = "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	switch {
	case f.NoOptDefVal == "":
		value = " " + f.Value.Type()
	case f.Value.Type() != "bool":
		value = "[=" + f.Value.Type() + "]"
	}
	return name, value
}
