package owndisk

import "errors"

// statusRefused is the exit status of a child that got its namespaces, but may not
// mount in them, as AppArmor has it in some distributions.
const statusRefused = 77

// Status returns the exit status by which a child tells its parent, which called
// Output, what became of it.
func Status(err error) int {
	var r *refusedError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &r):
		return statusRefused
	}
	return 1
}

// A refusedError is why a child may not mount.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return "mount: " + e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }
