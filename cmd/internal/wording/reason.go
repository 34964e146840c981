package wording

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
)

// ConfigReason returns what is wrong with a parameter, without its name.
func ConfigReason(err error) string {
	var ce *isdsc.Error
	if errors.As(err, &ce) {
		return ce.Reason
	}
	return err.Error()
}

// ReasonOnly leaves the path out of an error: a secret that was given in its place shall
// not get into a log.
func ReasonOnly(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return fmt.Sprintf("cannot %s it: %v", pe.Op, pe.Err)
	}
	return err.Error()
}
