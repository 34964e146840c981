package registrypipe

import (
	"context"
	"errors"
	"io/fs"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// A failure is an error of a Store on its way to another process.
type failure struct {
	Text     string                  `json:"text,omitempty"`
	Conflict *registry.ConflictError `json:"conflict,omitempty"`
	Change   *registry.ChangeError   `json:"change,omitempty"`
	Key      []byte                  `json:"key,omitempty"` // of Conflict or Change: any bytes, which a string of JSON is not

	Canceled  bool `json:"canceled,omitempty"`
	Retryable bool `json:"retryable,omitempty"`
	Denied    bool `json:"denied,omitempty"`
	Damaged   bool `json:"damaged,omitempty"`
}

// newFailure returns the failure for an error; nil for nil.
func newFailure(err error) *failure {
	if err == nil {
		return nil
	}
	f := &failure{
		Text: err.Error(), Canceled: errors.Is(err, context.Canceled), Retryable: initiator.Retryable(err),
		Denied: errors.Is(err, fs.ErrPermission), Damaged: errors.Is(err, registry.ErrRegistryDamaged),
	}
	if errors.As(err, &f.Conflict) {
		f.Key = []byte(f.Conflict.Key)
	}
	if errors.As(err, &f.Change) {
		f.Key = []byte(f.Change.Key)
	}
	return f
}

// err returns the error again; nil for nil. ctx is that of the call.
func (f *failure) err(ctx context.Context) error {
	switch {
	case f == nil:
		return nil
	case f.Conflict != nil:
		f.Conflict.Key = string(f.Key)
		return f.Conflict
	case f.Change != nil:
		f.Change.Key = string(f.Key)
		return f.Change
	case f.Canceled && ctx.Err() != nil:
		return &Error{Text: f.Text, failure: f, err: ctx.Err()}
	}
	return &Error{Text: f.Text, failure: f}
}

// An Error is what a Store in another process failed with.
type Error struct {
	Text    string // one line
	failure *failure
	err     error // of the call's context, or of the connection; or nil
}

func (e *Error) Error() string { return e.Text }

// Unwrap returns the error of the call's context or of the connection, or nil.
func (e *Error) Unwrap() error { return e.err }

// Is reports what the error of the Store was: registry.ErrRegistryDamaged, or
// fs.ErrPermission.
func (e *Error) Is(target error) bool {
	switch target {
	case registry.ErrRegistryDamaged:
		return e.failure != nil && e.failure.Damaged
	case fs.ErrPermission:
		return e.failure != nil && e.failure.Denied
	}
	return false
}

// Retryable reports whether the same may succeed later, for initiator.Retryable.
func (e *Error) Retryable() bool { return e.failure != nil && e.failure.Retryable }
