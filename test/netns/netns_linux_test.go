package netns_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
)

const limit = time.Minute

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// listen accepts connections in a namespace, each of which is told who it is.
func listen(t *testing.T, n *netns.Namespace, addr netip.Addr) netip.AddrPort {
	t.Helper()
	l, err := n.Listen(t.Context(), netip.AddrPortFrom(addr, 0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().String())
			conn.Close()
		}
	}()
	return netip.MustParseAddrPort(l.Addr().String())
}

// whoAmI dials and returns what the listener says.
func whoAmI(t *testing.T, n *netns.Namespace, source netip.Addr, to netip.AddrPort) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	conn, err := n.Dial(ctx, netip.AddrPortFrom(source, 0), to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLoopbackIsApart(t *testing.T) {
	a, b := netns.New(t), netns.New(t)
	addrs := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	if need.HasIPv6() {
		addrs = append(addrs, netip.IPv6Loopback())
	}
	for _, addr := range addrs {
		to := listen(t, a, addr)
		if got, want := whoAmI(t, a, netip.Addr{}, to), addr.String(); got != want {
			t.Errorf("got source %q, want %q", got, want)
		}
		for _, n := range []*netns.Namespace{b, nil} {
			if conn, err := n.DialContext(t.Context(), "tcp", to.String()); err == nil {
				conn.Close()
				t.Errorf("%s of one namespace can be reached from another", to)
			}
		}
	}
}

// A host with two cables to another, in two subnets each of IPv4 and IPv6, of
// which it may choose by source address.
func TestConnect(t *testing.T) {
	need.IPv6(t)
	host, target := netns.New(t), netns.New(t)
	for _, c := range []struct{ name, host, target string }{
		{name: "eth0", host: "10.0.0.1/24", target: "10.0.0.2/24"},
		{name: "eth0", host: "fd00:0::1/64", target: "fd00:0::2/64"},
		{name: "eth1", host: "10.0.1.1/24", target: "10.0.1.2/24"},
		{name: "eth1", host: "fd00:1::1/64", target: "fd00:1::2/64"},
	} {
		if prefix(c.host).Addr().Is4() {
			netns.Connect(t, host, c.name, target, c.name)
		}
		host.AddAddress(t, c.name, prefix(c.host))
		target.AddAddress(t, c.name, prefix(c.target))
		to := listen(t, target, prefix(c.target).Addr())
		if got, want := whoAmI(t, host, netip.Addr{}, to), prefix(c.host).Addr().String(); got != want {
			t.Errorf("%s: got source %q, want %q", to, got, want)
		}
	}
}

// The same address of the target is reached by one cable, or by the other where
// a rule says so for the source.
func TestRules(t *testing.T) {
	host, target := netns.New(t), netns.New(t)
	netns.Connect(t, host, "eth0", target, "eth0")
	netns.Connect(t, host, "eth1", target, "eth1")
	host.AddAddress(t, "eth0", prefix("10.0.0.1/24"))
	host.AddAddress(t, "eth1", prefix("10.0.1.1/24"))
	target.AddAddress(t, "eth0", prefix("10.0.0.2/24"))
	target.AddAddress(t, "eth1", prefix("10.0.1.2/24"))
	target.AddAddress(t, "lo", prefix("192.0.2.1/32"))
	host.AddRoute(t, netns.Route{Via: netip.MustParseAddr("10.0.0.2")})
	host.AddRoute(t, netns.Route{Via: netip.MustParseAddr("10.0.1.2"), Table: 100})
	host.AddRule(t, netns.Rule{From: prefix("10.0.1.1/32"), Table: 100})
	to := listen(t, target, netip.MustParseAddr("192.0.2.1"))
	if got, want := whoAmI(t, host, netip.Addr{}, to), "10.0.0.1"; got != want {
		t.Errorf("got source %q, want %q", got, want)
	}
	// With the first cable unplugged, only the rule's way is left.
	host.Down(t, "eth0")
	if got, want := whoAmI(t, host, netip.MustParseAddr("10.0.1.1"), to), "10.0.1.1"; got != want {
		t.Errorf("got source %q, want %q", got, want)
	}
}

func TestCommands(t *testing.T) {
	ip := need.Program(t, "ip")
	n := netns.New(t)
	netns.Connect(t, n, "left", n, "right")
	n.Sysctl(t, "net/ipv4/ip_forward", "1")
	out := n.Output(t, ip, "-o", "link")
	for _, name := range []string{"lo", "left", "right"} {
		if !strings.Contains(out, " "+name) {
			t.Errorf("interface %s is not in:\n%s", name, out)
		}
	}
	if got := n.Output(t, "cat", "/proc/sys/net/ipv4/ip_forward"); got != "1\n" {
		t.Errorf("ip_forward: got %q, want 1", got)
	}
	here, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	if there := n.Output(t, "readlink", "/proc/self/ns/net"); strings.TrimSpace(there) == here {
		t.Errorf("the command ran in our namespace %s", here)
	}
}

// When a test program dies, however it does, its processes do, too.
func TestProcessDiesWithParent(t *testing.T) {
	if os.Getenv("NETNS_TEST_PARENT") != "" {
		if _, err := netns.New(t).Start(inherit(exec.Command("sleep", "1000"))); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stdout.WriteString("started\n"); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	need.Root(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	parent := exec.Command(os.Args[0], "-test.run=^TestProcessDiesWithParent$")
	parent.Env = append(os.Environ(), "NETNS_TEST_PARENT=1")
	parent.Stdout = w
	var none *netns.Namespace
	p, err := none.Start(parent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	w.Close()
	if err := r.SetReadDeadline(time.Now().Add(limit)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(make([]byte, len("started\n"))); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	// The grandchild has the pipe, too, which ends when it is gone.
	if out, err := io.ReadAll(r); err != nil {
		t.Errorf("the child's child lives on: %v, %q", err, out)
	}
}

// inherit gives a command our standard output.
func inherit(cmd *exec.Cmd) *exec.Cmd {
	cmd.Stdout = os.Stdout
	return cmd
}
