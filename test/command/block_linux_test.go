package command

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/netns"
)

// A blockWorld is a host and a network in which few addresses are alive.
type blockWorld struct {
	host, array *netns.Namespace
	port        uint16
}

// newBlockWorld returns a network where 10.64.0.0/16 is behind a router: the targets are
// at 10.64.k.1 for k from 1 to alive, a host that has no target is at 10.64.0.9, an HTTP
// server at 10.64.0.10, one that says nothing at 10.64.0.11, and packets to all others are
// lost.
func newBlockWorld(t *testing.T, alive int) *blockWorld {
	t.Helper()
	w := &blockWorld{host: netns.New(t), array: netns.New(t)}
	netns.Connect(t, w.host, "eth0", w.array, "eth0")
	w.host.AddAddress(t, "eth0", netip.MustParsePrefix("10.63.0.1/24"))
	w.array.AddAddress(t, "eth0", netip.MustParsePrefix("10.63.0.2/24"))
	for _, n := range []*netns.Namespace{w.host, w.array} {
		n.Up(t, "lo")
		n.Up(t, "eth0")
	}
	w.host.AddRoute(t, netns.Route{To: netip.MustParsePrefix("10.64.0.0/16"), Via: netip.MustParseAddr("10.63.0.2")})
	w.array.Sysctl(t, "net/ipv4/ip_forward", "0") // and no ICMP for what is not its own
	w.listen(t, "10.64.1.1", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}}})
	for k := 2; k <= alive; k++ {
		w.listen(t, fmt.Sprintf("10.64.%d.1", k), &iscsitest.Target{Records: []iscsitest.Record{{Name: fmt.Sprintf("iqn.2026-11.com.example:disk%d", k)}}})
	}
	w.array.AddAddress(t, "lo", netip.MustParsePrefix("10.64.0.9/32"))
	w.listen(t, "10.64.0.10", iscsitest.Script{func(c *iscsitest.Conn) error { _, err := c.Receive(); return err }, iscsitest.SendRaw([]byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))})
	w.listen(t, "10.64.0.11", iscsitest.Script{iscsitest.Silence()})
	return w
}

func (w *blockWorld) listen(t *testing.T, addr string, handler iscsitest.Handler) {
	t.Helper()
	w.array.AddAddress(t, "lo", netip.MustParsePrefix(addr+"/32"))
	l, err := w.array.Listen(t.Context(), netip.AddrPortFrom(netip.MustParseAddr(addr), w.port))
	if err != nil {
		t.Fatal(err)
	}
	s := iscsitest.ListenWith(t, l, handler)
	w.port = s.Addr.Port()
}

// scan runs the command on the host, and returns what it printed.
func (w *blockWorld) scan(t *testing.T, interrupt time.Duration, shell string, args ...string) (out, stderr string, exit int) {
	t.Helper()
	cmd := exec.Command("/bin/sh", append([]string{"-c", shell + `exec "$0" "$@"`, filepath.Join(binDir, "discover"), "scan", "--tcp-port", fmt.Sprint(w.port)}, args...)...)
	var stdout, errors strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &errors
	p, err := w.host.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if interrupt > 0 {
		time.AfterFunc(interrupt, func() { _ = p.Signal(os.Interrupt) })
	}
	_ = p.Wait()
	return stdout.String(), errors.String(), cmd.ProcessState.ExitCode()
}

type blockDocument struct {
	Results []struct {
		Portal, Status string
		Targets        []struct{ Name string }
	}
	Blocks []struct {
		Addresses, Answered, Failed, Silent, Interrupted int
		NotAsked                                         int `json:"not_asked"`
	}
}

func parseBlock(t *testing.T, out string) (d blockDocument) {
	t.Helper()
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	return d
}

// TestBlock: in a network of which few addresses are alive, the defaults find exactly
// these, in order, and say what the others were; a limit of open files only makes it
// slower.
func TestBlock(t *testing.T) {
	t.Parallel()
	const alive = 7
	w := newBlockWorld(t, alive)
	for _, test := range []struct{ name, shell string }{{"usual", ""}, {"few files", "ulimit -n 64 && "}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			out, stderr, exit := w.scan(t, 0, test.shell, "10.64.0.0/21", "-o", "json", "--rate", "0", "--connect-timeout", "200ms", "--login-timeout", "1s")
			d := parseBlock(t, out)
			if exit != 3 {
				t.Errorf("exit status %d: %s", exit, stderr)
			}
			var ok []string
			for _, r := range d.Results {
				if r.Status == "ok" {
					ok = append(ok, r.Portal)
				}
			}
			if len(ok) != alive || len(d.Results) != alive+2 {
				t.Fatalf("%d answered of %d listed: %v", len(ok), len(d.Results), ok)
			}
			for k := range alive {
				if want := fmt.Sprintf("10.64.%d.1:%d", k+1, w.port); ok[k] != want {
					t.Errorf("result %d is %s, want %s", k, ok[k], want)
				}
			}
			if b := d.Blocks[0]; b.Addresses != 2046 || b.Answered != alive || b.Failed != 2 || b.Silent != 2046-alive-2 || b.Interrupted != 0 || b.NotAsked != 0 {
				t.Errorf("the block: %+v", b)
			}
		})
	}
	t.Run("summary", func(t *testing.T) {
		t.Parallel()
		out, stderr, _ := w.scan(t, 0, "", "10.64.0.8-10.64.1.3", "--open", "-o", "iscsiadm", "--connect-timeout", "300ms", "--login-timeout", "1s")
		if want := fmt.Sprintf("10.64.1.1:%d,-1 iqn.2026-11.com.example:disk1\n", w.port); out != want {
			t.Errorf("got %q, want %q", out, want)
		}
		for _, want := range []string{"1 of 252 addresses answered", "1 refused", "an HTTP server: 1", "248 silent"} {
			if !strings.Contains(stderr, want) {
				t.Errorf("no %q in %q", want, stderr)
			}
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		t.Parallel()
		out, stderr, exit := w.scan(t, time.Second/2, "", "10.64.0.0/16", "-o", "json", "--all")
		d := parseBlock(t, out)
		if b := d.Blocks[0]; b.Answered+b.Failed+b.Silent+b.Interrupted+b.NotAsked != b.Addresses || b.Interrupted == 0 || b.NotAsked == 0 || len(d.Results) != b.Addresses {
			t.Errorf("%d results; the block: %+v", len(d.Results), b)
		}
		if exit == 0 {
			t.Errorf("exit status 0: %s", stderr)
		}
	})
}

// TestFewPorts: where the host has fewer TCP ports than connections are wanted at once, a
// portal waits for one, and none fails.
func TestFewPorts(t *testing.T) {
	t.Parallel()
	const portals = 40
	w := newBlockWorld(t, 1)
	// As most targets do, this one closes first; it does so in a way that leaves the port
	// of this host free at once.
	target := &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk"}}}
	target.Respond = func(request, response pdu.PDU) iscsitest.Step {
		if _, logout := request.(*pdu.LogoutRequest); logout {
			return iscsitest.Steps(iscsitest.Send(response), iscsitest.Reset())
		}
		return nil
	}
	w.listen(t, "10.64.1.2", target)
	w.host.Sysctl(t, "net/ipv4/ip_local_port_range", "40000 40003")
	list := filepath.Join(t.TempDir(), "portals")
	if err := os.WriteFile(list, []byte(strings.Repeat("10.64.1.2\n", portals)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"", "10.63.0.1"} {
		args := []string{"@" + list, "-o", "iscsiadm", "--parallel", "20"}
		if source != "" {
			args = append(args, "--source", source)
		}
		out, stderr, exit := w.scan(t, 0, "", args...)
		if n := strings.Count(out, "\n"); exit != 0 || n != portals {
			t.Errorf("source %q: exit status %d, %d of %d: %s", source, exit, n, portals, stderr)
		}
	}
}
