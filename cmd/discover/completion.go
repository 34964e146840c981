package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
)

const completionManual = `discover completion prints a script that teaches a shell to complete the
command's verbs and flags.

Examples:
  source <(discover completion bash)
  discover completion zsh > "${fpath[1]}/_discover"
  discover completion fish > ~/.config/fish/completions/discover.fish
  discover completion powershell | Out-String | Invoke-Expression`

// completion returns the verb.
func (c *command) completion() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion [FLAGS] SHELL",
		Short:     "print a script that completes verbs and flags",
		Long:      completionManual,
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				switch args[0] {
				case "bash":
					return cmd.Root().GenBashCompletionV2(c.Stdout, true)
				case "zsh":
					return cmd.Root().GenZshCompletion(c.Stdout)
				case "fish":
					return cmd.Root().GenFishCompletion(c.Stdout, true)
				case "powershell":
					return cmd.Root().GenPowerShellCompletionWithDesc(c.Stdout)
				}
			}
			return machine.Usagef("for which shell? one of %s", strings.Join(shells, ", "))
		},
	}
}
