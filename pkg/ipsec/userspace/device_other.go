//go:build !linux

package userspace

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
)

func bindToDevice(_ syscall.RawConn, device string) error {
	return fmt.Errorf("bind to interface %s: not supported on %s: %w", device, runtime.GOOS, errors.ErrUnsupported)
}
