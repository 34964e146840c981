//go:build !unix

package fleetprogram

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// become runs the program and passes its exit status on: here no process can become another.
func become(ctx context.Context, c *app.Command, path string, args []string) error {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	cmd.Cancel = func() error { return nil } // the console has interrupted it as well
	err := cmd.Run()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended) && ended.ExitCode() > 0:
		return exit.StatusError(ended.ExitCode())
	case err != nil:
		return fmt.Errorf("%s cannot be run: %s", path, wording.ReasonOnly(err))
	}
	return nil
}
