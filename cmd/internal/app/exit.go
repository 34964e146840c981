package app

import (
	"errors"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// Exit reports how the run ended and returns the exit status.
func (c *Command) Exit(err error) int {
	var (
		status machine.StatusError
		usage  *machine.UsageError
	)
	switch {
	case err == nil:
		return machine.ExitOK
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &usage):
		c.Say("%s", usage.Text)
		return machine.ExitUsage
	case machine.IsBrokenPipe(err):
		return machine.ExitFailed // the reader of the pipe, as head, has closed it
	}
	c.Say("%v", err)
	return machine.ExitFailed
}
