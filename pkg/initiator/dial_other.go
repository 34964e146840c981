//go:build !linux

package initiator

import (
	"context"
	"syscall"
)

// bindLate is an option that only Linux has.
func bindLate(context.Context, string, string, syscall.RawConn) error { return nil }
