package verbs

import (
	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
)

// ISCSIADM is the verb whose arguments are those of open-iscsi's tool.
const ISCSIADM = "iscsiadm"

// iscsiadmArguments returns the arguments of that verb, as they are: its flags are not
// ours. Flags of each verb may stand before it. false: another verb is asked for.
func (c *command) iscsiadmArguments(root *cobra.Command, args []string) ([]string, bool, error) {
	i := verbIndex(root, args)
	if i < 0 || args[i] != ISCSIADM {
		return nil, false, nil
	}
	if i == 0 {
		return args[1:], true, nil
	}
	if err := root.PersistentFlags().Parse(args[:i]); err != nil {
		return nil, true, root.FlagErrorFunc()(root, err)
	}
	if c.Global.Output != render.FormatTable {
		return nil, true, machine.Usagef("discover iscsiadm prints what open-iscsi's tool prints: leave out -o before it, or use a verb such as discover scan -o json")
	}
	return args[i+1:], true, nil
}
