//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/go-iscsi/discovery/test/uml/internal/control"
)

// ipv6 is the module without which the kernel knows no such addresses.
const ipv6 = "ipv6"

// path is the PATH of all that runs in the guest.
const path = programs + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// guest makes a kernel that has just started into a guest, serves the test, and
// turns the guest off when the test is gone. Children of children that end are
// not waited for; a guest does not live long.
func guest() error {
	line, failure := openLine()
	if failure == nil {
		failure = boot()
	}
	if line != nil {
		failure = control.Serve(line, failure)
	}
	if failure != nil {
		fmt.Fprintln(os.Stderr, "guestd:", failure)
	}
	return unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

// boot does what control.Boot says.
func boot() error {
	text, err := os.ReadFile(control.BootFile)
	if err != nil {
		return err
	}
	var b control.Boot
	if err := json.Unmarshal(text, &b); err != nil {
		return fmt.Errorf("%s: %w", control.BootFile, err)
	}
	if err := changeRoot(); err != nil {
		return err
	}
	for name, value := range map[string]string{"PATH": path, "HOME": "/root", control.InsideEnv: "1"} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	modules := append([]string{"-a", ipv6}, b.Modules...)
	// Some say that they miss a folder or two of the host's, and work.
	if out, err := exec.Command("modprobe", modules...).CombinedOutput(); err != nil {
		return fmt.Errorf("modprobe %s: %w: %s", strings.Join(modules, " "), err, out)
	}
	return network(b.Addresses)
}
