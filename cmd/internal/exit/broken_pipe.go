package exit

import (
	"errors"
	"io"
	"runtime"
	"syscall"
)

// IsBrokenPipe reports that the reader of a pipe has closed it. Where it is standard
// output, most systems have ended the process by then.
func IsBrokenPipe(err error) bool {
	const errorBrokenPipe, errorNoData = 109, 232 // of Windows
	var errno syscall.Errno
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) ||
		runtime.GOOS == "windows" && errors.As(err, &errno) && (errno == errorBrokenPipe || errno == errorNoData)
}
