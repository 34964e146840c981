package safefile

import (
	"errors"
	"os"
)

// Cause returns what the system said, without the path, for a line that has it
// already.
func Cause(err error) error {
	var (
		path *os.PathError
		link *os.LinkError
		kind *KindError
	)
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	case errors.As(err, &kind):
		return errors.New("it is " + kind.Kind)
	}
	return err
}
