package verb

import "github.com/go-iscsi/discovery/cmd/internal/machine"

// Partly is the exit status of several portals.
func Partly(asked, failed int) error {
	switch {
	case failed == 0:
		return nil
	case failed < asked:
		return machine.StatusError(machine.ExitPartly)
	}
	return machine.StatusError(machine.ExitFailed)
}
