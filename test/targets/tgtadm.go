package targets

import (
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
)

// socketName is the name, to which tgtd adds ".0", of the socket for tgtadm.
const socketName = "sock"

// fastFrom is the number of targets from which on tgtadm is too slow.
const fastFrom = 20

// A tgtadm administrates one tgtd, by its socket. The socket's name is relative
// to the folder where both programs run, since a socket's path is limited to
// 108 bytes, which the name of a temporary folder may exceed.
type tgtadm struct {
	path   string // of the program
	folder string

	// What tgtd was told.
	last      int            // the target number last used
	numbers   map[string]int // by target name
	discovery CHAP
}

// prepare sets a command, the daemon's or tgtadm's, to use the socket.
func (a *tgtadm) prepare(cmd *exec.Cmd) {
	cmd.Dir = a.folder
	cmd.Env = append(os.Environ(), "TGT_IPC_SOCKET="+socketName)
}

// run runs tgtadm.
func (a *tgtadm) run(args ...string) (string, error) {
	cmd := exec.Command(a.path, append([]string{"--lld", "iscsi"}, args...)...)
	a.prepare(cmd)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("targets: tgtadm %q: %w: %s", args, err, out)
	}
	return string(out), nil
}

// runAll runs tgtadm for each list of arguments, in order.
func (a *tgtadm) runAll(lists ...[]string) error {
	for _, args := range lists {
		if _, err := a.run(args...); err != nil {
			return err
		}
	}
	return nil
}

// add adds targets.
func (a *tgtadm) add(names []string, initiators map[string][]string, lun bool) error {
	if len(names) >= fastFrom && len(initiators) == 0 && !lun {
		return a.addFast(names)
	}
	for _, name := range names {
		a.last++
		a.numbers[name] = a.last
		if err := a.runAll(creation(a.last, name, or(initiators[name], []string{"ALL"}), lun)...); err != nil {
			return err
		}
	}
	return nil
}

// creation returns the arguments that make one target.
func creation(number int, name string, initiators []string, lun bool) [][]string {
	tid := strconv.Itoa(number)
	lists := [][]string{{"--mode", "target", "--op", "new", "--tid", tid, "-T", name}}
	if lun {
		lists = append(lists, []string{"--mode", "logicalunit", "--op", "new", "--tid", tid, "--lun", "1", "--bstype", "null", "--backing-store", "/dev/zero"})
	}
	for _, who := range initiators {
		flag := "-Q"
		if isAddress(who) {
			flag = "-I"
		}
		lists = append(lists, []string{"--mode", "target", "--op", "bind", "--tid", tid, flag, who})
	}
	return lists
}

// isAddress tells an address, a prefix or "ALL" from an initiator's name.
func isAddress(who string) bool {
	if who == "ALL" {
		return true
	}
	if _, err := netip.ParseAddr(who); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(who)
	return err == nil
}

// remove removes a target.
func (a *tgtadm) remove(name string) error {
	number, ok := a.numbers[name]
	if !ok {
		return fmt.Errorf("targets: tgt has no target %s, only %q", name, slices.Sorted(maps.Keys(a.numbers)))
	}
	delete(a.numbers, name)
	return a.runAll([]string{"--mode", "target", "--op", "delete", "--force", "--tid", strconv.Itoa(number)})
}

// discovery replaces the accounts for discovery. An account that is bound
// without a target's number is one of those.
func (a *tgtadm) setDiscovery(c CHAP) error {
	account := func(op string, args ...string) []string {
		return append([]string{"--mode", "account", "--op", op, "--user"}, args...)
	}
	var lists [][]string
	if old := a.discovery; old.on() {
		lists = append(lists, account("delete", old.User))
		if old.mutual() {
			lists = append(lists, account("delete", old.TargetUser))
		}
	}
	if c.on() {
		lists = append(lists, account("new", c.User, "--password", c.Secret), account("bind", c.User))
		if c.mutual() {
			lists = append(lists, account("new", c.TargetUser, "--password", c.TargetSecret), account("bind", c.TargetUser, "--outgoing"))
		}
	}
	a.discovery = c
	return a.runAll(lists...)
}
