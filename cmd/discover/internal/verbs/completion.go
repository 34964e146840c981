package verbs

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/discover/internal/manual"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
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
					return cmd.Root().GenBashCompletionV2(c.Stdout, true)
				case "zsh":
					return cmd.Root().GenZshCompletion(c.Stdout)
				case "fish":
					return cmd.Root().GenFishCompletion(c.Stdout, true)
				case "powershell":
					return cmd.Root().GenPowerShellCompletionWithDesc(c.Stdout)
				}
			}
			return machine.Usagef("completion needs a shell: one of %s", strings.Join(shells, ", "))
		},
	}
}
