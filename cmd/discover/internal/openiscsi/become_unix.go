//go:build unix

package openiscsi

import (
	"os"
	"os/exec"
	"syscall"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
)

// become makes this process the real program, so that signals and the exit status are its
// own.
func (t *tool) become(args []string) error {
	err := syscall.Exec(t.settings.real, append([]string{"iscsiadm"}, args...), append(os.Environ(), viaVariable+"=1"))
	return t.status(iscsiadm.ExitElsewhere, "%s=%s cannot be run: %v", realVariable, t.settings.real, err)
}

// endTogether has a program and its children end together.
func endTogether(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
