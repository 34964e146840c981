package isns

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/netns"
)

// Where the lab is, and who is in it.
const (
	serverAddr = "192.0.2.10"
	serverIPv6 = "2001:db8::10"
	hostName   = "iqn.2026-11.com.example:host1"
	startLimit = 20 * time.Second
	pollEvery  = 5 * time.Millisecond
)

// server is where isnsd listens.
var server = netip.AddrPortFrom(netip.MustParseAddr(serverAddr), isns.DefaultPort)

// An isnsd is Debian's iSNS server, in a namespace of its own.
type isnsd struct {
	t         *testing.T
	ns        *netns.Namespace
	folder    string
	config    string // the file's path
	process   *netns.Process
	output    bytes.Buffer // to be read when the process has ended
	adminConf string
}

// startISNSD starts isnsd with more lines of configuration. It ends with the test.
func startISNSD(t *testing.T, conf ...string) *isnsd {
	t.Helper()
	need.Program(t, "isnsd")
	need.Program(t, "isnsadm")
	d := &isnsd{t: t, ns: netns.New(t)}
	for _, prefix := range []string{serverAddr + "/24", serverIPv6 + "/64"} {
		d.ns.AddAddress(t, "lo", netip.MustParsePrefix(prefix))
	}
	// t.TempDir is too long for the path of a socket.
	folder, err := os.MkdirTemp("", "isns")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	d.folder = folder
	d.config = d.write("isnsd.conf", append([]string{
		"SourceName = iqn.2026-11.test.isns:server", "Security = 0", "SLPRegister = 0",
		"BindAddress = " + serverAddr, "PIDFile = " + folder + "/pid",
		"ControlSocket = " + folder + "/control",
		"SCNTimeout = 2", "SCNRetries = 1",
	}, conf...)...)
	d.adminConf = d.write("isnsadm.conf", d.client(hostName)...)
	d.start()
	t.Cleanup(func() {
		d.process.Kill()
		if t.Failed() {
			t.Logf("isnsd printed:\n%s", &d.output)
		}
	})
	return d
}

// client returns the configuration of a client of the server.
func (d *isnsd) client(name string) []string {
	return []string{"SourceName = " + name, "ServerAddress = " + serverAddr, "Security = 0",
		"ControlSocket = " + d.folder + "/control"}
}

// write writes a file and returns its path.
func (d *isnsd) write(name string, lines ...string) string {
	d.t.Helper()
	path := filepath.Join(d.folder, name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// start starts the process and waits until it listens.
func (d *isnsd) start() {
	d.t.Helper()
	cmd := exec.Command(need.Program(d.t, "isnsd"), "-c", d.config, "-f")
	cmd.Stdout, cmd.Stderr = &d.output, &d.output
	p, err := d.ns.Start(cmd)
	if err != nil {
		d.t.Fatal(err)
	}
	d.process = p
	d.await("isnsd listens", func() bool {
		conn, err := d.ns.Dial(context.Background(), netip.AddrPort{}, server)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// keep has the server keep its database in files, which makes it slow: it writes them
// after each request.
func (d *isnsd) keep() {
	d.t.Helper()
	conf, err := os.ReadFile(d.config)
	if err != nil {
		d.t.Fatal(err)
	}
	d.write(filepath.Base(d.config), string(conf), "Database = "+d.folder+"/db")
	d.restart()
}

// restart ends the server as an administrator would, and starts it again.
func (d *isnsd) restart() {
	d.t.Helper()
	if err := d.process.Signal(syscall.SIGTERM); err != nil {
		d.t.Fatal(err)
	}
	select {
	case <-d.process.Done():
	case <-time.After(startLimit):
		d.t.Fatalf("isnsd did not end in %v", startLimit)
	}
	d.start()
}

// await waits until something is so.
func (d *isnsd) await(what string, so func() bool) {
	d.t.Helper()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	limit := time.After(startLimit)
	for !so() {
		select {
		case <-limit:
			d.t.Fatalf("%s: not in %v", what, startLimit)
		case <-d.process.Done():
			d.t.Fatalf("%s: isnsd has ended: %s", what, &d.output)
		case <-tick.C:
		}
	}
}

// admin runs isnsadm and returns what it printed.
func (d *isnsd) admin(args ...string) string {
	d.t.Helper()
	return d.ns.Output(d.t, need.Program(d.t, "isnsadm"), append([]string{"-c", d.adminConf}, args...)...)
}

// dialer connects to the server from the namespace that it is in.
func (d *isnsd) dial(ctx context.Context, source netip.Addr, to netip.AddrPort) (net.Conn, error) {
	return d.ns.Dial(ctx, netip.AddrPortFrom(source, 0), to)
}

// as returns a client that asks under a name.
func (d *isnsd) as(name string) *isns.Client { return &isns.Client{Name: name, Dial: d.dial} }

// ask asks the server.
func (d *isnsd) ask(c *isns.Client) *isns.Answer {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), startLimit)
	defer cancel()
	answer, err := c.Query(ctx, server)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer
}

// lines returns an answer, a line for each portal of each target.
func lines(a *isns.Answer) []string {
	var out []string
	for _, n := range a.Nodes {
		line := n.Name
		if n.Alias != "" {
			line += " (" + n.Alias + ")"
		}
		for _, d := range n.Domains {
			line += fmt.Sprintf(" in %d %q", d.ID, d.Name)
		}
		if len(n.Portals) == 0 {
			out = append(out, line+" -")
		}
		for _, p := range n.Portals {
			out = append(out, fmt.Sprintf("%s %s,%d %s %q", line, p.Address, p.Group, p.Security.Hex(), p.Name))
		}
	}
	return out
}
