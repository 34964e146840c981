package machine

import (
	"errors"
	"io"
	"os"
)

// errNotInherited is a file descriptor that the process which started us did not
// leave open for us.
var errNotInherited = errors.New("the file descriptor is not open; the program that starts discover must open it, as a shell does with 3< FILE")

// openFD opens a file descriptor that the process which started us left open. One
// that this process opened itself is refused: the Go runtime, and later the registry,
// take the lowest free numbers, and a secret must not be read from them.
func openFD(n int) (io.ReadCloser, error) {
	if !inherited(n) {
		return nil, errNotInherited
	}
	f := os.NewFile(uintptr(n), "fd")
	if f == nil {
		return nil, errNotInherited
	}
	return f, nil
}
