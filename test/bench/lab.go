package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/netns"
)

// What addresses are where no target is.
const (
	beSilent = "silent"
	beMute   = "mute"
	beLive   = "live"
)

// verdicts are what the firewall before the target does with what is sent to such
// addresses.
var verdicts = map[string][]string{
	beSilent:      {"drop"},
	"refused":     {"reject", "with", "tcp", "reset"},
	"unreachable": {"reject", "with", "icmp", "type", "host-unreachable"},
	beMute:        {"accept"}, // the target does it
	beLive:        {"drop"},   // what is left: the first and the last
}

// The cable between the namespace of the clients and that of the target, where all
// addresses of the space are.
const (
	clientEnd = "sweeper"
	targetEnd = "array"
	clientMAC = "02:00:00:00:00:01"
	targetMAC = "02:00:00:00:00:02"
)

var (
	clientAddr = netip.MustParseAddr("10.63.0.1")
	targetAddr = netip.MustParseAddr("10.63.0.2")
	space      = netip.MustParsePrefix("10.64.0.0/16")
)

// address returns an address of the space.
func address(i int) netip.Addr {
	a := space.Addr().As4()
	a[2], a[3] = byte(i>>8), byte(i)
	return netip.AddrFrom4(a)
}

// A lab is two network namespaces and the target in one of them. Nothing of it has
// a name on this machine: it is gone when we are.
type lab struct {
	clients *netns.Namespace
	port    string // of the target
}

// lacking says why there can be no lab here.
func lacking() error {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return errors.New("it takes Linux and root, for network namespaces")
	}
	for program, in := range map[string]string{"ip": "iproute2", "nft": "nftables"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is not installed: apt-get install %s", program, in)
		}
	}
	return nil
}

// inLab makes a lab with targets at the addresses that live, and others elsewhere,
// and calls use. Where there can be none it says so.
func (s *settings) inLab(living []netip.Addr, others string, use func(*lab) error) error {
	if err := lacking(); err != nil {
		fmt.Fprintln(os.Stderr, "bench: no comparison of networks:", err)
		return nil
	}
	err := errors.New("the lab could not be made")
	asTest(func(b *testing.B) {
		t := loud{b}
		clients, target := netns.New(t), netns.New(t)
		cable(t, clients, target)
		firewall(t, target, living, others, s.dir)
		port, stop, startErr := s.startSwept(target, living, others)
		if err = startErr; err == nil {
			quiet := chatter(target)
			err = use(&lab{clients: clients, port: port})
			quiet()
			stop()
		}
	})
	return err
}

// cable connects the namespaces. The clients reach the space by a gateway, for a
// kernel does not remember the hardware addresses of so many neighbours.
func cable(t testing.TB, clients, target *netns.Namespace) {
	netns.Connect(t, clients, clientEnd, target, targetEnd)
	for _, end := range []struct {
		in             *netns.Namespace
		name, mac      string
		addr, far      netip.Addr
		farMAC         string
		route, through []string
	}{
		{clients, clientEnd, clientMAC, clientAddr, targetAddr, targetMAC, []string{space.String()}, []string{"via", targetAddr.String()}},
		{target, targetEnd, targetMAC, targetAddr, clientAddr, clientMAC, []string{"local", space.String()}, []string{"dev", "lo"}},
	} {
		end.in.Output(t, "ip", "link", "set", end.name, "address", end.mac)
		end.in.AddAddress(t, end.name, netip.PrefixFrom(end.addr, 30))
		end.in.Output(t, "ip", "neigh", "replace", end.far.String(), "lladdr", end.farMAC, "dev", end.name, "nud", "permanent")
		end.in.Output(t, "ip", append(append([]string{"route", "add"}, end.route...), end.through...)...)
	}
	// What is measured is not how soon the target has enough of connections, or of
	// sending ICMP.
	target.Sysctl(t, "net/core/somaxconn", "65535")
	target.Sysctl(t, "net/ipv4/tcp_max_syn_backlog", "65535")
	target.Sysctl(t, "net/ipv4/icmp_ratemask", "0")
}

// firewall makes the addresses that do not live what they are to be.
func firewall(t testing.TB, target *netns.Namespace, living []netip.Addr, others, dir string) {
	var elements []string
	for _, a := range living {
		elements = append(elements, a.String())
	}
	rules := fmt.Sprintf(`table ip bench {
	set living {
		type ipv4_addr
		elements = { %s }
	}
	chain input {
		type filter hook input priority 0
		ip daddr %s ip daddr != @living meta l4proto tcp %s
	}
}
`, strings.Join(elements, ", "), space, strings.Join(verdicts[others], " "))
	path := filepath.Join(dir, "firewall")
	if err := os.WriteFile(path, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	target.Output(t, "nft", "-f", path)
}

// startSwept starts the target, of four targets at each address.
func (s *settings) startSwept(where *netns.Namespace, living []netip.Addr, others string) (port string, stop func(), err error) {
	args := []string{"be-the-target", strconv.Itoa(sweptTargets), s.kind}
	if others == beMute {
		path, err := s.addressFile("living", living)
		if err != nil {
			return "", nil, err
		}
		args = []string{"be-the-mute-target", args[1], args[2], path}
	}
	port, _, stop, err = s.startTarget(where, args...)
	return port, stop, err
}

// chatter sends the clients a packet now and then until quiet is called: masscan does
// not notice that its time is over where nothing arrives.
func chatter(from *netns.Namespace) (quiet func()) {
	done := make(chan struct{})
	go func() {
		var c net.Conn
		err := from.Do(func() (err error) {
			c, err = net.Dial("udp", netip.AddrPortFrom(clientAddr, 9).String())
			return err
		})
		if err != nil {
			return
		}
		defer c.Close()
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				_, _ = c.Write([]byte("."))
			}
		}
	}()
	return func() { close(done) }
}

// loud says why it fails: what a benchmark that is no test says is lost.
type loud struct{ testing.TB }

func (l loud) Fatal(args ...any) { l.fail(fmt.Sprint(args...)) }

func (l loud) Fatalf(format string, args ...any) { l.fail(fmt.Sprintf(format, args...)) }

func (l loud) fail(why string) {
	fmt.Fprintln(os.Stderr, "bench:", why)
	l.FailNow()
}
