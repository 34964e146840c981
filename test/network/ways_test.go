package network

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A family is an address family, in which the host has two ways to the same
// portal, through two subnets. At the end of each is another array, so that it
// shows by which cable a session came, whatever its source.
type family struct {
	name   string
	host   [2]string // our address in each subnet
	array  [2]string // the array's
	bits   string    // length of the subnets' prefix
	portal string    // of both arrays
	other  string    // another address of the host in the first subnet
	flag   string    // of the command ip
}

var families = []family{
	{
		name: "IPv4", flag: "-4", bits: "/24",
		host:   [2]string{"10.0.0.1", "10.0.1.1"},
		array:  [2]string{"10.0.0.10", "10.0.1.10"},
		portal: "192.0.2.10", other: "10.0.0.3",
	},
	{
		name: "IPv6", flag: "-6", bits: "/64",
		host:   [2]string{"fd00::1", "fd00:0:0:1::1"},
		array:  [2]string{"fd00::10", "fd00:0:0:1::10"},
		portal: "2001:db8::10", other: "fd00::3",
	},
}

// eachFamily runs a test on the two ways of each family.
func eachFamily(t *testing.T, test func(t *testing.T, w *ways)) {
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) { test(t, newWays(t, f)) })
	}
}

// ways are a host and what is at the ends of its two cables. There are no routes
// to the portal yet. The first array may be made to do something else.
type ways struct {
	family
	*host
	first, second *array
}

// The interfaces of the host.
const (
	nic0 = "san0"
	nic1 = "san1"
)

func newWays(t *testing.T, f family, first ...func(*iscsitest.Target)) *ways {
	t.Helper()
	w := &ways{family: f, host: newHost(t), first: newArray(t, "first", first...), second: newArray(t, "second")}
	for i, a := range []*array{w.first, w.second} {
		nic := [...]string{nic0, nic1}[i]
		w.cable(nic, a)
		w.addr(nic, f.host[i]+f.bits)
		a.addr(nic, f.array[i]+f.bits)
		a.addr("lo", f.portal+f.hostBits())
		// What comes by this cable is answered by it.
		a.ip(f.flag + " route add default via " + f.host[i])
	}
	return w
}

func (f family) hostBits() string {
	if f.flag == "-4" {
		return "/32"
	}
	return "/128"
}

// set runs commands of ip, in which PORTAL, HOST0, HOST1, OTHER, VIA0 and VIA1
// stand for addresses.
func (w *ways) set(commands ...string) {
	w.t.Helper()
	r := strings.NewReplacer("PORTAL", w.portal, "HOST0", w.family.host[0], "HOST1", w.family.host[1],
		"OTHER", w.other, "VIA0", w.array[0], "VIA1", w.array[1])
	for _, c := range commands {
		w.ip(w.flag + " " + r.Replace(c))
	}
}
