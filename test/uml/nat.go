//go:build linux

package uml

import (
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
)

// guestInterface is the guest's end of its network.
const guestInterface = "vec0"

// natModules are those of the kernel's address translation.
var natModules = []string{"iptable_nat", "xt_MASQUERADE", "xt_nat"}

// StartNAT makes a router of the guest, on one cable: inside is its address for those who
// send by it, and what they send leaves from the guest's first address, and from a port of
// the kernel's choice.
func (g *Guest) StartNAT(t testing.TB, inside netip.Prefix) {
	t.Helper()
	program, env := unpacked(t, "usr/sbin/iptables-legacy")
	env = append(env, "XTABLES_LIBDIR="+filepath.Join(strings.TrimPrefix(env[0], libraryPath), "xtables"))
	g.Run(t, append([]string{"modprobe", "-a"}, natModules...)...)
	g.Run(t, "ip", "address", "add", inside.String(), "dev", guestInterface)
	g.Put(t,
		attribute("/proc/sys/net/ipv4/ip_forward", "1"),
		// It forwards by the cable that the packet came by, and shall not tell of a
		// shorter way.
		attribute("/proc/sys/net/ipv4/conf/all/send_redirects", "0"),
		attribute("/proc/sys/net/ipv4/conf/"+guestInterface+"/send_redirects", "0"),
	)
	ctx, cancel := within(t)
	defer cancel()
	var out strings.Builder
	err := g.Exec(ctx, Command{Env: env, Args: []string{
		program, "-t", "nat", "-A", "POSTROUTING", "-s", inside.Masked().String(), "-p", "udp",
		"-j", "SNAT", "--to-source", g.Addresses[0].String() + ":20000-29999",
	}}, &out)
	if err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
}
