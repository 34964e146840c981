package strongswan

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// prefix begins the names of all that is ours in the daemon.
const prefix = "iscsi-discovery-"

// An owner is the process that something in the daemon belongs to. A number of a
// process alone would come to mean another one some day.
type owner struct {
	namespace uint64 // of process numbers; 0: not known
	pid       int
	start     uint64 // when it was started, in ticks since the system was; 0: not known
}

// ourselves returns the owner that this process is.
func ourselves() owner {
	pid := os.Getpid()
	return owner{namespace: pidNamespace(), pid: pid, start: startOf(pid)}
}

// name returns the name of the n-th connection of a process.
func (o owner) name(n uint64) string {
	return fmt.Sprintf("%s%d-%d-%d-%d", prefix, o.namespace, o.pid, o.start, n)
}

// ownerOf returns whose a name is; ok is false where it is not one of ours.
func ownerOf(name string) (o owner, ok bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	parts := strings.Split(rest, "-")
	if !ok || len(parts) != 4 {
		return owner{}, false
	}
	var numbers [4]uint64
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 63)
		if err != nil {
			return owner{}, false
		}
		numbers[i] = n
	}
	return owner{namespace: numbers[0], pid: int(numbers[1]), start: numbers[2]}, true
}

// gone reports whether the process is known to be no more.
func (o owner) gone() bool { return o.visible() && startOf(o.pid) != o.start }

// alive reports whether the process is known to be there.
func (o owner) alive() bool { return o.visible() && startOf(o.pid) == o.start }

// visible reports whether it can be told: not of a process in another container,
// nor on a system without /proc.
func (o owner) visible() bool {
	here := pidNamespace()
	return here != 0 && o.namespace == here && o.pid != 0 && startOf(os.Getpid()) != 0
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

// startOf returns when a process was started; 0: it is no more.
func startOf(pid int) uint64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	// The second field is the program's name in parentheses, and may have
	// any character in it; the start is the 20th after it (proc(5)).
	const field = 20
	_, rest, _ := cutLast(string(b), ")")
	fields := strings.Fields(rest)
	if len(fields) < field || fields[0] == "Z" {
		return 0
	}
	n, _ := strconv.ParseUint(fields[field-1], 10, 63)
	return n
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
