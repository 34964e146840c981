package jsonitem

import (
	"errors"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// NewFailure returns the failed result of what is not about one discovery.
func NewFailure(err error) *Result {
	r := &initiator.Result{Err: err}
	var e *initiator.Error
	if errors.As(err, &e) {
		r.Asked.Portal, r.Address, r.Source = e.Portal, e.Address, e.Source
	}
	j := NewResult(r, nil)
	j.Targets = &TargetsPlace{}
	return j
}
