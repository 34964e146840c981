package verbs

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/complete"
	"github.com/go-iscsi/discovery/cmd/discover/internal/fleetprogram"
	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/discover/internal/verb"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/render"
)

// completion returns the verb.
func (c *command) completion() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion [FLAGS] SHELL",
		Short:     "print a script that completes verbs and flags",
		Long:      manual.Completion,
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				switch args[0] {
				case "bash":
					return complete.WriteBash(c.Stdout)
				case "zsh":
					return complete.WriteZsh(c.Stdout, cmd.Root())
				case "fish":
					return complete.WriteFish(c.Stdout, cmd.Root())
				case "powershell":
					return cmd.Root().GenPowerShellCompletionWithDesc(c.Stdout)
				}
			}
			return exit.Usagef("completion needs a shell: one of %s", strings.Join(shells, ", "))
		},
	}
}

// complete tells a shell what may stand in the place of the last of words. It says nothing
// else: what cannot be read offers nothing.
func (c *command) complete(ctx context.Context, root *cobra.Command, words []string, described bool) error {
	c.Stderr, c.Line.W = io.Discard, io.Discard
	c.Ask = func(context.Context, string) ([]byte, error) { return nil, errors.New("a shell completes a line") }
	if len(words) == 0 {
		words = []string{""}
	}
	last := len(words) - 1
	offers, d := c.offers(ctx, root, words[:last], words[last])
	return complete.Write(c.Stdout, offers, d, described)
}

// offers returns what may follow words, and begins with word.
func (c *command) offers(ctx context.Context, root *cobra.Command, words []string, word string) ([]string, cobra.ShellCompDirective) {
	at := root
	own, ok, err := c.iscsiadmArguments(root, words)
	ofFleet, isFleet := fleetArguments(root, words)
	switch {
	case err != nil:
		return nil, cobra.ShellCompDirectiveNoFileComp
	case ok:
		at, words = verb.Find(root, ISCSIADM), own
	case isFleet:
		at, words = verb.Find(root, fleetprogram.Name), ofFleet
	default:
		if words, err = verbFirst(root, words); err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		for at.HasSubCommands() && len(words) > 0 {
			next := verb.Find(at, words[0])
			if next == nil {
				break
			}
			at, words = next, words[1:]
		}
	}
	at.SetContext(ctx)
	return complete.Parse(at, words).Offer(&c.Env, word)
}

// printsTargets are the verbs that print targets, and take -o iscsiadm.
var printsTargets = []string{"isns add", "isns query", "isns refresh", "scan", "portal add", "portal refresh", "portal set", "target list"}

// completeOutput offers the formats that a verb prints.
func completeOutput(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	formats := render.Formats
	switch path := flags.PathOf(cmd); {
	case cmd.Annotations[flags.Refused] == "output":
		formats = nil
	case path == "watch":
		formats = []string{render.FormatTable, render.FormatJSONL}
	case path == "paths":
		formats = pathsFormats
	case path != "" && !slices.Contains(printsTargets, path):
		formats = slices.DeleteFunc(slices.Clone(formats), func(f string) bool { return f == render.FormatISCSIADM })
	}
	return formats, cobra.ShellCompDirectiveNoFileComp
}
