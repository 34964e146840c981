//go:build !linux

package dial

import (
	"fmt"
	"runtime"
	"syscall"
)

// control prepares a socket that is about to be bound to a source address.
func control(_ syscall.RawConn, device string) error {
	if device != "" {
		return fmt.Errorf("bind to interface %s: %s cannot", device, runtime.GOOS)
	}
	return nil
}
