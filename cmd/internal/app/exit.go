package app

import (
	"errors"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// Exit reports how the run ended and returns the exit status.
func (c *Command) Exit(err error) int {
	var (
		status exit.StatusError
		usage  *exit.UsageError
	)
	switch {
	case err == nil:
		return exit.OK
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &usage):
		c.Say("%s", usage.Text)
		return exit.Usage
	case exit.IsBrokenPipe(err):
		return exit.Failed // the reader of the pipe, as head, has closed it
	}
	c.Say("%v", err)
	return exit.Failed
}
