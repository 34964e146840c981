package verbs

import "github.com/spf13/cobra"

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
	return args[i+1:], true, nil
}
