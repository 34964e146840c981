package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A flagGroup is flags that belong together in the manual.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

// newFlagGroup returns a group under a headline.
func newFlagGroup(title string, flags *pflag.FlagSet) flagGroup { return flagGroup{title, flags} }

// complete offers words.
func complete(of ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return of, cobra.ShellCompDirectiveNoFileComp
	}
}
