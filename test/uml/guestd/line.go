//go:build linux

package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lineFile is the serial line whose other end the test has.
const lineFile = "/dev/ttyS0"

// openLine opens the serial line for bytes of any value.
func openLine() (*os.File, error) {
	// The kernel has mounted it where there is a disk, but not on the initial
	// file system.
	if err := mount("/dev", "devtmpfs"); err != nil {
		return nil, err
	}
	line, err := os.OpenFile(lineFile, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	raw := unix.Termios{Cflag: unix.CREAD | unix.CLOCAL | unix.CS8 | unix.B38400}
	raw.Cc[unix.VMIN] = 1
	if err := unix.IoctlSetTermios(int(line.Fd()), unix.TCSETS, &raw); err != nil {
		return nil, fmt.Errorf("%s: %w", lineFile, err)
	}
	return line, nil
}
