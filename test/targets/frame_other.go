//go:build !linux

package targets

import (
	"errors"

	"github.com/go-iscsi/discovery/test/netns"
)

// sendFrame fails: only Linux has packet sockets.
func sendFrame(*netns.Namespace, string, uint16, []byte) error { return errors.ErrUnsupported }
