package strongswan

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ourselves returns the process that this one is.
func ourselves() process {
	pid := os.Getpid()
	start, _ := startOf(pid)
	return process{namespace: pidNamespace(), pid: pid, start: start}
}

// state says what is known of a process; here, whether there is one of its number
// in our namespace of these. Where /proc is mounted with hidepid, or this process
// may not look, another one is not seen there although it lives. So the kernel is
// asked by kill, which tells an ordinary user as well that there is none of a
// number. A process in another container has a number of its own there.
func (p process) state() (state ownerState, here bool) {
	if ns := pidNamespace(); ns == 0 || p.namespace != ns || p.pid <= 0 {
		return ownerUnknown, false
	}
	if errors.Is(unix.Kill(p.pid, 0), unix.ESRCH) {
		return ownerGone, false
	}
	switch start, known := startOf(p.pid); {
	case !known || p.start == 0:
		return ownerUnknown, true
	case start != p.start:
		return ownerGone, false
	}
	return ownerAlive, true
}

// pidNamespace returns the number of the namespace that our process number is
// in; 0: there is none.
func pidNamespace() uint64 {
	link, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(strings.Trim(strings.TrimPrefix(link, "pid:"), "[]"), 10, 63)
	return n
}

// startOf returns when a process was started, in ticks since the system was; 0:
// it has ended, and waits for its parent to notice. known is false where
// this process cannot tell.
func startOf(pid int) (start uint64, known bool) {
	if self, err := os.Readlink("/proc/self"); err != nil || self != strconv.Itoa(os.Getpid()) {
		return 0, false // it is that of another namespace, and so are its numbers
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, false
	}
	// The second field is the program's name in parentheses, and may have
	// any character in it; the start is the 20th after it (proc(5)).
	const field = 20
	_, rest, _ := cutLast(string(b), ")")
	fields := strings.Fields(rest)
	if len(fields) < field {
		return 0, false
	}
	if fields[0] == "Z" {
		return 0, true
	}
	n, err := strconv.ParseUint(fields[field-1], 10, 63)
	return n, err == nil && n > 0
}

// bootID returns a part of the ID of this boot; empty: it is not known.
var bootID = sync.OnceValue(func() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	id := strings.ReplaceAll(strings.TrimSpace(string(b)), "-", "")
	if len(id) < bootLen || !isBoot(id[:bootLen]) {
		return ""
	}
	return id[:bootLen]
})

// bootTime returns which boot of the kernel this is, and the seconds since then.
// Unlike the time of day they are never set.
func bootTime() (boot string, seconds uint64) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return "", 0
	}
	return bootID(), uint64(time.Duration(ts.Nano()) / time.Second)
}
