//go:build !unix

package openiscsi

import (
	"runtime"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
)

// become says that there is no iscsiadm on this system.
func (t *tool) become([]string) error {
	return t.status(iscsiadm.ExitElsewhere, "%s is set, but open-iscsi does not exist on %s", realVariable, runtime.GOOS)
}
