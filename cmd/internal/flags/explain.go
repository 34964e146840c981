package flags

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// Explain says in one line what is wrong with a flag. It repeats the value
// only of flags whose value is no secret.
func Explain(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	see := "; see " + cmd.Root().Name() + " help" + Spaced(PathOf(cmd))
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			if err := singleDash(cmd, unknown.GetSpecifiedShortnames()); err != nil {
				return err
			}
			return exit.Usagef("unknown flag -%s%s", name, see)
		}
		name = nameOnly(name)
		return exit.Usagef("unknown flag --%s%s%s", terminal.Escape(name), suggestFlag(cmd, name), see)
	case errors.As(err, &missing):
		return exit.Usagef("--%s needs a value%s", missing.GetFlag().Name, see)
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		if _, secret := f.Value.(*SecretRef); secret {
			return exit.Usagef("--%s: %v", f.Name, invalid.Unwrap())
		}
		if err := mistakenShort(cmd, f, invalid.GetValue()); err != nil {
			return err
		}
		reason := invalid.Unwrap().Error()
		if f.Value.Type() == "bool" {
			reason = "expected true or false"
		}
		return exit.Usagef("--%s %s: %s", f.Name, wording.Quoted(invalid.GetValue()), reason)
	}
	return exit.Usagef("expected a flag as --NAME, --NAME=VALUE or -N%s", see)
}

func flagNames(cmd *cobra.Command) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, "--"+f.Name)
		}
	})
	return names
}
