//go:build !linux

package strongswan

import "os"

// ourselves returns the process that this one is.
func ourselves() process { return process{pid: os.Getpid()} }

// state is unknown: this is not Linux.
func (process) state() (state ownerState, here bool) { return ownerUnknown, false }

// bootTime is not known.
func bootTime() (boot string, seconds uint64) { return "", 0 }
