//go:build linux

package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// scratch is where the kernel keeps the guest's memory and its own sockets.
const scratch = "/dev/shm"

// launch replaces this process by the guest's kernel. It is started in mount and
// process namespaces of its own. So what the kernel writes goes to a file system
// that is gone when the kernel is, and all processes that the kernel makes end
// with it, however it ends.
func launch(kernel []string) error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts of our own: %w", err)
	}
	if err := unix.Mount("none", scratch, "tmpfs", 0, "mode=0700"); err != nil {
		return fmt.Errorf("%s: %w", scratch, err)
	}
	env := []string{"HOME=" + scratch, "TMPDIR=" + scratch, "PATH=" + os.Getenv("PATH")}
	err := unix.Exec(kernel[0], kernel, env)
	return fmt.Errorf("%s: %w", kernel[0], err)
}
