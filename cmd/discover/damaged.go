package main

import (
	"errors"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/cmd/discover/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// oneRecord reports an error that is about one record of the registry alone: it is
// damaged, or a newer version wrote it. The answer goes on without that record.
func oneRecord(err error) bool {
	var (
		damaged *registry.RegistryError
		newer   *registry.RecordFormatError
	)
	return errors.As(err, &damaged) || errors.As(err, &newer)
}

// unreadStatus is the exit status of an answer without what could not be read: partly
// where that is single records, failed where the registry broke off.
func unreadStatus(unread []error) error {
	if len(unread) == 0 {
		return nil
	}
	for _, err := range unread {
		if !oneRecord(err) {
			return machine.StatusError(machine.ExitFailed)
		}
	}
	return machine.StatusError(machine.ExitPartly)
}

// eachUnread takes an error of several records apart, so that each has a line or a
// result of its own.
func eachUnread(err error) (unread []error) {
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

// worse returns the worse of two endings of one answer: an error that was not told yet,
// or an exit status.
func worse(a, b error) error {
	var status machine.StatusError
	switch {
	case a == nil:
		return b
	case errors.As(a, &status) && errors.Is(b, machine.StatusError(machine.ExitFailed)):
		return b
	}
	return a
}

// tellUnread says on standard error what could not be read.
func (c *Command) tellUnread(unread []error) {
	for _, err := range unread {
		c.say("%s", machine.WithoutPackage(err))
	}
}

// endListing ends a listing, with what could not be read.
func (c *Command) endListing(l *render.Listing, unread ...error) error {
	failed := new(render.FailedResults)
	return c.endListingWith(l, failed, unread)
}

// endListingWith is endListing behind other failed results.
func (c *Command) endListingWith(l *render.Listing, failed *render.FailedResults, unread []error) error {
	if c.forPeople() {
		if err := l.End(); err != nil {
			return err
		}
		c.tellUnread(unread)
		return unreadStatus(unread)
	}
	for _, err := range unread {
		failed.All = append(failed.All, render.FailedWith(render.NewJSONFailure(err)).All...)
	}
	if err := l.EndWith(failed); err != nil {
		return err
	}
	return unreadStatus(unread)
}
