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
	if errors.As(err, &e) {
		f.Stage, f.Hint = e.Stage.String(), visible(e.Hint)
	}
	return f
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
