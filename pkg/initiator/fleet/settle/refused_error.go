package settle

import "github.com/go-iscsi/discovery/pkg/initiator"

// A RefusedError is a record of config/ that can be read, and that this host does not apply.
type RefusedError struct {
	Why string
	Err error // that says so; nil: this package
}

func (e *RefusedError) Error() string { return e.Why }

// Unwrap returns what says so.
func (e *RefusedError) Unwrap() error { return e.Err }

// refuse returns a *RefusedError of a reason of this package.
func refuse(why string) error { return &RefusedError{Why: why} }

// refusedBy returns a *RefusedError of what another package says.
func refusedBy(what string, err error) error {
	return &RefusedError{Why: what + initiator.Reason(err), Err: err}
}
