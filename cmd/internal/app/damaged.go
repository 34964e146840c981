package app

import (
	"errors"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// IsOneRecord reports an error that is about one record of the registry alone: it is
// damaged, or a newer version wrote it. The answer goes on without that record.
func IsOneRecord(err error) bool {
	var (
		damaged *registry.RegistryError
		newer   *registry.RecordFormatError
	)
	return errors.As(err, &damaged) || errors.As(err, &newer)
}

// UnreadStatus is the exit status of an answer without what could not be read: partly
// where that is single records, failed where the registry broke off.
func UnreadStatus(unread []error) error {
	if len(unread) == 0 {
		return nil
	}
	for _, err := range unread {
		if !IsOneRecord(err) {
			return exit.StatusError(exit.Failed)
		}
	}
	return exit.StatusError(exit.Partly)
}

// EachUnread takes an error of several records apart, so that each has a line or a
// result of its own.
func EachUnread(err error) (unread []error) {
	type joined interface{ Unwrap() []error }
	if err == nil {
		return nil
	}
	if all, ok := err.(joined); ok { //nolint:errorlint // not what it wraps
		return all.Unwrap()
	}
	var e *initiator.Error
	if !errors.As(err, &e) {
		return []error{err}
	}
	all, ok := e.Err.(joined) //nolint:errorlint // likewise
	if !ok {
		return []error{err}
	}
	for _, err := range all.Unwrap() {
		unread = append(unread, &initiator.Error{Stage: e.Stage, Err: err})
	}
	return unread
}

// Worse returns the worse of two endings of one answer: an error that was not told yet,
// or an exit status.
func Worse(a, b error) error {
	var status exit.StatusError
	switch {
	case a == nil:
		return b
	case errors.As(a, &status) && errors.Is(b, exit.StatusError(exit.Failed)):
		return b
	}
	return a
}

// TellUnread says on standard error what could not be read.
func (c *Command) TellUnread(unread []error) {
	for _, err := range unread {
		c.Say("%s", err)
	}
}

// EndListing ends a listing, with what could not be read.
func (c *Command) EndListing(l *render.Listing, unread ...error) error {
	failed := new(render.FailedResults)
	return c.EndListingWith(l, failed, unread)
}

// EndListingWith is endListing behind other failed results.
func (c *Command) EndListingWith(l *render.Listing, failed *render.FailedResults, unread []error) error {
	if c.ForPeople() {
		if err := l.End(); err != nil {
			return err
		}
		c.TellUnread(unread)
		return UnreadStatus(unread)
	}
	for _, err := range unread {
		failed.All = append(failed.All, render.FailedWith(jsonitem.NewFailure(err)).All...)
	}
	if err := l.EndWith(failed); err != nil {
		return err
	}
	return UnreadStatus(unread)
}
