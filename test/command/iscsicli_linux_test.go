package command

import (
	"net/netip"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/targets"
)

// TestISCSICLI runs the scripts in testdata/iscsicli, as an administrator who
// comes from Windows would write them: each in a world of its own, a host with
// two network adapters and an array (tgt) at the other end of both cables. It
// shows disk1 to everybody, and disk2 to the host's second adapter only. Besides
// the commands of TestCommand there are these:
//
//	iscsicli ARGS...                   run discover iscsicli on the host
//	discover ARGS...                   run discover on the host
//	array add NAME                     the array has one target more
//	array remove NAME                  it has one less
//	array chap USER SECRET [USER SECRET]   it wants CHAP from now on, mutual with the second pair
//	istgt USER SECRET                  start a second array, at 192.0.2.11, which can do digests, and wants CHAP
func TestISCSICLI(t *testing.T) {
	t.Parallel()
	need.Root(t)
	for _, program := range []string{"nsenter", "tgtd", "tgtadm", "istgt"} {
		need.Program(t, program)
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "iscsicli"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", binDir+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Setenv("GORACE", "atexit_sleep_ms=0 halt_on_error=1")
			tb := env.T().(testing.TB)
			env.Values[runKey{}] = &scenario{tb: tb}
			env.Values[toolKey{}] = newToolWorld(tb)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"iscsicli": func(ts *testscript.TestScript, neg bool, args []string) {
				toolWorldOf(ts).discover(ts, neg, append([]string{"iscsicli"}, args...))
			},
			"discover": func(ts *testscript.TestScript, neg bool, args []string) { toolWorldOf(ts).discover(ts, neg, args) },
			"array":    func(ts *testscript.TestScript, neg bool, args []string) { toolWorldOf(ts).change(ts, neg, args) },
			"istgt":    func(ts *testscript.TestScript, neg bool, args []string) { toolWorldOf(ts).startIstgt(ts, neg, args) },
			"status":   checkStatus,
			"json":     checkJSON,
			"hides":    checkHides,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

type toolKey struct{}

// A toolWorld is a host and an array.
type toolWorld struct {
	tb     testing.TB
	holder *netns.Process   // a process on the host
	where  *netns.Namespace // of the arrays
	array  *targets.Tgt
}

func toolWorldOf(ts *testscript.TestScript) *toolWorld { return ts.Value(toolKey{}).(*toolWorld) }

func newToolWorld(tb testing.TB) *toolWorld {
	host, array := netns.New(tb), netns.New(tb)
	for _, n := range []*netns.Namespace{host, array} {
		n.Sysctl(tb, "net/ipv6/conf/default/disable_ipv6", "1") // or it has ports of its own, with addresses made by chance
		n.Sysctl(tb, "net/ipv6/conf/lo/disable_ipv6", "1")
	}
	var portals []netip.Addr
	for _, cable := range []struct{ name, host, array string }{
		{"eth0", "192.0.2.2", "192.0.2.10"},
		{"eth1", "198.51.100.2", "198.51.100.10"},
	} {
		netns.Connect(tb, host, cable.name, array, cable.name)
		host.AddAddress(tb, cable.name, netip.PrefixFrom(netip.MustParseAddr(cable.host), 24))
		array.AddAddress(tb, cable.name, netip.PrefixFrom(netip.MustParseAddr(cable.array), 24))
		portals = append(portals, netip.MustParseAddr(cable.array))
	}
	const disk1, disk2 = "iqn.2026-11.com.example:disk1", "iqn.2026-11.com.example:disk2"
	w := &toolWorld{tb: tb, where: array, array: targets.StartTgt(tb, targets.TgtConfig{
		Namespace: array, Addrs: portals, Port: 3260, // QAddTargetPortal knows no other
		Targets:    []string{disk1, disk2},
		Initiators: map[string][]string{disk2: {"198.51.100.2"}},
	})}
	var err error
	if w.holder, err = host.Start(exec.Command("sleep", "infinity")); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(w.holder.Kill)
	return w
}

func (w *toolWorld) discover(ts *testscript.TestScript, neg bool, args []string) {
	args = append([]string{"-t", strconv.Itoa(w.holder.Pid()), "--net", "--", "discover", "--registry", ts.MkAbs("registry/registry.db")}, args...)
	execute(ts, neg, "nsenter", args...)
}

// change changes the array.
func (w *toolWorld) change(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case neg, len(args) < 2:
	case args[0] == "add" && len(args) == 2:
		w.array.Add(w.tb, args[1:], nil, false)
		return
	case args[0] == "remove" && len(args) == 2:
		w.array.Remove(w.tb, args[1])
		return
	case args[0] == "chap" && len(args) == 3:
		w.array.SetDiscovery(w.tb, targets.CHAP{User: args[1], Secret: args[2]})
		return
	case args[0] == "chap" && len(args) == 5:
		w.array.SetDiscovery(w.tb, targets.CHAP{User: args[1], Secret: args[2], TargetUser: args[3], TargetSecret: args[4]})
		return
	}
	ts.Fatalf("usage: array add NAME | remove NAME | chap USER SECRET [USER SECRET]")
}

// startIstgt starts the second array.
func (w *toolWorld) startIstgt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: istgt USER SECRET")
	}
	address := netip.MustParseAddr("192.0.2.11")
	w.where.AddAddress(w.tb, "eth0", netip.PrefixFrom(address, 24))
	targets.StartIstgt(w.tb, targets.IstgtConfig{
		Namespace: w.where, Addrs: []netip.Addr{address}, Port: 3260,
		Targets: []string{"iqn.2026-11.com.example:vault"}, Discovery: targets.CHAP{User: args[0], Secret: args[1]},
	})
}
