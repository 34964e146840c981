package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version returns the verb.
func (c *command) version() *cobra.Command {
	return &cobra.Command{
		Use:               "version [FLAGS]",
		Short:             "print the version",
		Long:              "discover version prints the version of the command, and of what it was built with.",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("version takes no arguments")
			}
			return c.printVersion()
		},
	}
}

func (c *command) printVersion() error {
	version := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	_, err := fmt.Fprintf(c.stdout, "discover %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
