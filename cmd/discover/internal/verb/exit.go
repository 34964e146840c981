package verb

import (
	"errors"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// Partly is the exit status of several portals.
func Partly(asked, failed int) error {
	switch {
	case failed == 0:
		return nil
	case failed < asked:
		return exit.StatusError(exit.Partly)
	}
	return exit.StatusError(exit.Failed)
}

// Ended is the exit status of several portals whose answer ended with err: an exit status,
// whose place it takes, or why the answer could not be written.
func Ended(err error, asked, failed int) error {
	var status exit.StatusError
	if err != nil && !errors.As(err, &status) {
		return err
	}
	return Partly(asked, failed)
}
