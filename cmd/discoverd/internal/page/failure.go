package page

import (
	"errors"
	"fmt"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A failure is an error with what there is to do about it.
type failure struct {
	Stage, Code, Message, Hint string
}

// newFailure takes an error apart.
func newFailure(err error) *failure {
	code := initiator.Code(err)
	f := &failure{Code: isdsc.Name(code), Message: visible(err.Error())}
	var e *initiator.Error
	if errors.As(err, &e) && e.Err != nil {
		cause := initiator.Error{Err: e.Err} // whose text leaves out the addresses, which stand beside it here
		f.Stage, f.Message, f.Hint = e.Stage.String(), visible(cause.Error()), visible(e.Hint)
		if e.Tries > 1 {
			f.Message += ", after " + fmt.Sprintf("%d tries", e.Tries)
		}
	}
	return f
}

// String is the failure in a line. The portal and our address stand before it.
func (f *failure) String() string {
	s := ": " + f.Message
	if f.Stage != "" {
		s = " at " + f.Stage + s
	}
	if f.Hint != "" {
		s += "; " + f.Hint
	}
	return s
}

// failureWord is the failure of a path in two words: where, and the status of a login.
func failureWord(err error) string {
	var e *initiator.Error
	if !errors.As(err, &e) {
		return ""
	}
	var login *pdu.LoginError
	if errors.As(err, &login) {
		return fmt.Sprintf("%s 0x%04x", e.Stage, uint16(login.Status))
	}
	return e.Stage.String()
}
