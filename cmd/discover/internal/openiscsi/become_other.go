//go:build !unix

package openiscsi

import (
	"os/exec"
	"runtime"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
)

// become says that there is no iscsiadm on this system.
func (t *tool) become([]string) error {
	return t.status(iscsiadm.ExitElsewhere, "%s is set, but open-iscsi does not exist on %s", realVariable, runtime.GOOS)
}

// endTogether does nothing: there is no real program.
func endTogether(*exec.Cmd) {}
