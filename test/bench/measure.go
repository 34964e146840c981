//go:build unix

package main

import (
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// figures are what one run of a client took.
type figures struct {
	wall  float64 // seconds
	cpu   float64 // seconds, user and system, with those of its own processes
	peak  float64 // MiB of resident memory, of the largest process
	units int     // that it was given
}

// measure runs a client and waits for its end. It may end with one of these exit
// statuses, or, where there is none, with 0.
func measure(args []string, statuses ...int) (figures, error) {
	cmd := exec.Command(args[0], args[1:]...)
	return measureRun(cmd, cmd.Run, statuses...)
}

// measureRun measures what run takes, which runs a client and waits for its end.
func measureRun(cmd *exec.Cmd, run func() error, statuses ...int) (figures, error) {
	begin := time.Now()
	if err := run(); err != nil && !(cmd.ProcessState != nil && slices.Contains(statuses, cmd.ProcessState.ExitCode())) {
		return figures{}, fmt.Errorf("%v: %w", cmd.Args, err)
	}
	f := figures{wall: time.Since(begin).Seconds(), cpu: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.peak = float64(r.Maxrss) / 1024
		if runtime.GOOS == "darwin" { // bytes there, KiB elsewhere
			f.peak /= 1024
		}
	}
	return f, nil
}

// ownCPU is the seconds of CPU that this process took, user and system.
func ownCPU() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
}
