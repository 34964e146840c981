package isdsc

import "fmt"

// An Error is a parameter that is not usable. Nothing was sent.
type Error struct {
	Code   uint32 // of the reference API
	What   string // the parameter
	Reason string
	Err    error // of the package that found out, or nil
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s", e.What, e.Reason)
}

// Unwrap returns the error of the package that found out.
func (e *Error) Unwrap() error { return e.Err }
