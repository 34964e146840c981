package command

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/uml/wire"
)

// The two ends of a world.
const (
	hostAddress  = "192.0.2.2"
	arrayAddress = "192.0.2.10"
)

// TestIPsec runs the scripts in testdata/ipsec, each in a world of its own: the
// host on which the command runs, and an array at the end of a cable, with two
// targets and no IPsec. Besides the commands of TestCommand there are these:
//
//	discover ARGS...      run it on the host
//	unprivileged ARGS...  run it on the host, without any capability
//	host PROGRAM ARGS...  run a program on the host
//	charon                start strongSwan's IKE daemon on the host
//	freeze                stop it as it is
//	watch                 look at the cable from now on
//	silent                nothing came over the cable since
//	ike                   the host has sent IKE since, and nothing else
func TestIPsec(t *testing.T) {
	t.Parallel()
	need.Root(t)
	for _, program := range []string{"ip", "nsenter", "unshare", "setpriv", "dumpcap"} {
		need.Program(t, program)
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "ipsec"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", binDir+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Setenv("GORACE", "atexit_sleep_ms=0 halt_on_error=1")
			env.Setenv("PSK", "a key that nobody has")
			env.Values[runKey{}] = &scenario{tb: env.T().(testing.TB), portals: make(map[string]*portal)}
			env.Values[ipsecKey{}] = newIPsecWorld(env.T().(testing.TB), env.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"discover":     func(ts *testscript.TestScript, neg bool, args []string) { world(ts).discover(ts, neg, args) },
			"unprivileged": func(ts *testscript.TestScript, neg bool, args []string) { world(ts).unprivileged(ts, neg, args) },
			"host":         func(ts *testscript.TestScript, neg bool, args []string) { world(ts).run(ts, neg, args...) },
			"charon":       func(ts *testscript.TestScript, _ bool, _ []string) { world(ts).startCharon(ts) },
			"freeze":       func(ts *testscript.TestScript, _ bool, _ []string) { world(ts).freeze(ts) },
			"watch":        func(ts *testscript.TestScript, _ bool, _ []string) { world(ts).watch() },
			"silent":       func(ts *testscript.TestScript, _ bool, _ []string) { world(ts).silent(ts) },
			"ike":          func(ts *testscript.TestScript, _ bool, _ []string) { world(ts).ike(ts) },
			"status":       checkStatus,
			"json":         checkJSON,
			"jsonl":        checkJSONLines,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

type ipsecKey struct{}

// An ipsecWorld is a host and an array.
type ipsecWorld struct {
	tb          testing.TB
	folder      string
	host, array *netns.Namespace
	holder      *netns.Process // a process in which the host has a /run of its own
	charon      *netns.Process
	capture     *targets.Capture
}

func world(ts *testscript.TestScript) *ipsecWorld { return ts.Value(ipsecKey{}).(*ipsecWorld) }

func newIPsecWorld(tb testing.TB, folder string) *ipsecWorld {
	w := &ipsecWorld{tb: tb, folder: folder, host: netns.New(tb), array: netns.New(tb)}
	for _, n := range []*netns.Namespace{w.host, w.array} {
		n.Sysctl(tb, "net/ipv6/conf/default/disable_ipv6", "1") // it is never silent
	}
	netns.Connect(tb, w.host, "eth0", w.array, "eth0")
	w.host.AddAddress(tb, "eth0", netip.MustParsePrefix(hostAddress+"/24"))
	w.array.AddAddress(tb, "eth0", netip.MustParsePrefix(arrayAddress+"/24"))
	ln, err := w.array.Listen(tb.Context(), netip.MustParseAddrPort(arrayAddress+":3260"))
	if err != nil {
		tb.Fatal(err)
	}
	iscsitest.ListenWith(tb, ln, &iscsitest.Target{Records: records(2)})
	w.holder, err = w.host.Start(exec.Command("unshare", "--mount", "sh", "-c", "mount -t tmpfs none /run && exec sleep infinity"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(w.holder.Kill)
	w.await("the host's own /run", func() bool {
		_, err := os.Stat(filepath.Join("/proc", strconv.Itoa(w.holder.Pid()), "root", "run", "lock"))
		return os.IsNotExist(err)
	})
	return w
}

// await waits until something is so.
func (w *ipsecWorld) await(what string, is func() bool) {
	w.tb.Helper()
	limit := time.After(time.Minute)
	for !is() {
		select {
		case <-limit:
			w.tb.Fatalf("%s: not in time", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// onHost is the command line of a program on the host.
func (w *ipsecWorld) onHost(args ...string) []string {
	return append([]string{"-t", strconv.Itoa(w.holder.Pid()), "--net", "--mount", "--", "sh", "-c", `cd "$0" && exec "$@"`, w.folder}, args...)
}

func (w *ipsecWorld) run(ts *testscript.TestScript, neg bool, args ...string) {
	execute(ts, neg, "nsenter", w.onHost(args...)...)
}

func (w *ipsecWorld) discover(ts *testscript.TestScript, neg bool, args []string) {
	w.run(ts, neg, append([]string{"discover", "--registry", "registry.db"}, args...)...)
}

func (w *ipsecWorld) unprivileged(ts *testscript.TestScript, neg bool, args []string) {
	w.run(ts, neg, append([]string{"setpriv", "--inh-caps=-all", "--bounding-set=-all", "discover", "--registry", "registry.db"}, args...)...)
}

// charonSettings have charon do what the command needs of it, and none of what
// the host's own settings say.
const charonSettings = `
charon-systemd {
  load = random nonce openssl aes sha1 sha2 hmac kdf gmp kernel-netlink socket-default vici
  journal { default = -1 }
}
`

func (w *ipsecWorld) startCharon(ts *testscript.TestScript) {
	program := need.Program(w.tb, "charon-systemd")
	settings := filepath.Join(w.folder, "strongswan.conf")
	ts.Check(os.WriteFile(settings, []byte(charonSettings), 0o600))
	cmd := exec.Command("nsenter", w.onHost(program)...)
	cmd.Env = append(os.Environ(), "STRONGSWAN_CONF="+settings)
	var err error
	w.charon, err = w.host.Start(cmd)
	ts.Check(err)
	w.tb.Cleanup(w.charon.Kill)
	w.await("charon", func() bool {
		_, err := os.Stat(filepath.Join("/proc", strconv.Itoa(w.holder.Pid()), "root", "run", "charon.vici"))
		return err == nil || w.charon.Ended()
	})
}

func (w *ipsecWorld) freeze(ts *testscript.TestScript) { ts.Check(w.charon.Signal(syscall.SIGSTOP)) }

func (w *ipsecWorld) watch() {
	w.capture = targets.StartCapture(w.tb, targets.CaptureConfig{Namespace: w.array, Interface: "eth0"})
}

// seen returns what came over the cable.
func (w *ipsecWorld) seen(ts *testscript.TestScript) *wire.Traffic {
	w.capture.Stop()
	traffic, err := wire.Read(w.capture.File, netip.MustParseAddr(hostAddress), netip.MustParseAddr(arrayAddress))
	ts.Check(err)
	return traffic
}

func (w *ipsecWorld) silent(ts *testscript.TestScript) {
	if t := w.seen(ts); t.IKE+t.ESP+t.ESPInUDP+t.Neighbors+len(t.Clear) > 0 {
		ts.Fatalf("got traffic %+v, want none", t)
	}
}

func (w *ipsecWorld) ike(ts *testscript.TestScript) {
	t := w.seen(ts)
	ours := func(line string) bool { return strings.Contains(line, ", "+hostAddress+" to ") } // the array says that it does no IKE
	if t.IKE == 0 || t.Protected() > 0 || slices.ContainsFunc(t.Clear, ours) {
		ts.Fatalf("got traffic %+v, want IKE alone", t)
	}
}
