package verbs

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
)

// version returns the verb.
func (c *command) version() *cobra.Command {
	return &cobra.Command{
		Use:               "version [FLAGS]",
		Short:             "print the version",
		Long:              "discover version prints the version of discover, and of Go that it was built with.",
		ValidArgsFunction: cobra.NoFileCompletions,
		Args:              flags.Arguments(0, 0, ""),
		RunE:              func(cmd *cobra.Command, _ []string) error { return c.printVersion(cmd) },
	}
}

// jsonBuild is the version of the command, and what it was built with and for.
type jsonBuild struct {
	Version jsonitem.Text `json:"version"`
	Go      string        `json:"go"`
	OS      string        `json:"os"`
	Arch    string        `json:"arch"`
}

// printVersion prints the version, for people in a line.
func (c *command) printVersion(cmd *cobra.Command) error {
	if err := c.RefuseTargetLines(cmd); err != nil {
		return err
	}
	j := jsonBuild{Version: jsonitem.Text(app.Version()), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	if !c.ForPeople() {
		return c.Object("build", j, "", nil, nil)
	}
	_, err := fmt.Fprintf(c.Stdout, "discover %s %s %s/%s\n", j.Version, j.Go, j.OS, j.Arch)
	return err
}
