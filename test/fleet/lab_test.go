package fleet

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/test/etcdtest"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/targets"
)

const (
	fleetName = "lab"
	quota     = 64 << 20 // bytes of etcd's database
)

// The disks of the arrays.
const (
	disk1 = "iqn.2026-11.com.example:disk1" // tgt's target 1
	disk2 = "iqn.2026-11.com.example:disk2" // 2
	disk3 = "iqn.2026-11.com.example:disk3" // 3; each host is in its list of addresses
	tape1 = "iqn.2026-11.com.example:tape1" // of the other array
)

// A lab is a fleet and its world.
type lab struct {
	keys      fleet.Keys
	wire      *wire
	authority *etcdtest.Authority
	members   []*etcdtest.Server
	places    []etcdtest.Place
	served    etcdtest.Certificate // of the members
	hosts     []*host
	disks     *array
	tapes     *array
	console   *console
	asked     int             // events of the console when the hosts were first asked for theirs
	missed    map[string]bool // hosts that were cut off
}

// An array is a storage system with one portal.
type array struct {
	*targets.Tgt
	*cable
	portal string
}

// newLab starts everything but discoverd.
func newLab(t *testing.T, kind etcdtest.Kind) *lab {
	t.Helper()
	keys, err := fleet.NewKeys(fleetName)
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{keys: keys, wire: newWire(t), authority: etcdtest.NewAuthority(t), missed: map[string]bool{}}
	l.startMembers(t, kind)
	for i := range 5 {
		l.hosts = append(l.hosts, l.newHost(t, fmt.Sprintf("host%d", i+1)))
	}
	l.hosts[0].lead, l.hosts[1].lead = true, true
	for i, off := range map[int]time.Duration{3: -5 * time.Hour, 4: 0} {
		l.hosts[i].clock = filepath.Join(t.TempDir(), "clock")
		l.hosts[i].setClock(t, off)
	}
	var may []string
	for _, h := range l.hosts {
		may = append(may, h.storage.own.String())
	}
	l.disks = l.newArray(t, []string{disk1, disk2, disk3}, map[string][]string{disk3: may})
	l.tapes = l.newArray(t, []string{tape1}, nil)
	for _, h := range l.hosts {
		for _, a := range []*array{l.disks, l.tapes} {
			h.storage.lead(t, netip.PrefixFrom(a.own, 32))
		}
		h.certificate = l.issue(t, h.name)
	}
	l.authenticate(t)
	l.console = l.newConsole(t)
	return l
}

// startMembers starts etcd, and makes sure that it is the one that is asked for.
func (l *lab) startMembers(t *testing.T, kind etcdtest.Kind) {
	t.Helper()
	for range 3 {
		n := netns.New(t)
		c := l.wire.lay(t, n, "eth0")
		c.lead(t, netip.Prefix{})
		l.places = append(l.places, etcdtest.Place{Namespace: n, Address: c.own, Port: 2379})
	}
	l.served = l.authority.Issue(t, l.serverRequest())
	l.members = etcdtest.StartCluster(t, etcdtest.Options{Kind: kind, TLS: l.authority, Server: l.served, Quota: quota}, l.places...)
	for _, m := range l.members {
		status, err := m.Client(t).Status(t.Context(), m.URL())
		if err != nil {
			t.Fatal(err)
		}
		if built := "v"+status.Version == etcdtest.Version; built != (kind == etcdtest.Built) {
			t.Fatalf("%v has version %s, which is not the one of kind %s", m, status.Version, kind)
		}
	}
}

// serverRequest asks for a certificate of all members.
func (l *lab) serverRequest() etcdtest.Request {
	r := etcdtest.Request{Name: "etcd"}
	for _, p := range l.places {
		r.Addresses = append(r.Addresses, p.Address)
	}
	return r
}

// authenticate gives each host, the administrator and a hostile host the rights that the
// guide says.
func (l *lab) authenticate(t *testing.T) {
	t.Helper()
	all := []string{l.keys.Prefix()}
	users := []etcdtest.User{
		{Name: "admin", Read: all, Write: []string{l.keys.Config(), l.keys.Scans(), l.keys.KnownHosts()}},
		{Name: evil, Read: all, Write: []string{l.keys.Host(evil)}},
	}
	for _, h := range l.hosts {
		u := etcdtest.User{Name: h.name, Read: all, Write: []string{l.keys.Host(h.name)}}
		if h.lead {
			u.Write = append(u.Write, l.keys.View(), l.keys.Scans(), l.keys.Leader())
		}
		users = append(users, u)
	}
	l.members[0].Authenticate(t, users...)
}

// issue issues a certificate that names a user of etcd.
func (l *lab) issue(t *testing.T, user string) etcdtest.Certificate {
	t.Helper()
	return l.authority.Issue(t, etcdtest.Request{Name: user})
}

// etcdFlags are the flags of our programs for etcd.
func (l *lab) etcdFlags(c etcdtest.Certificate) []string {
	flags := []string{"--etcd-cacert", l.authority.File, "--etcd-cert", c.Cert, "--etcd-key", c.Key}
	for _, m := range l.members {
		flags = append(flags, "--etcd", m.URL())
	}
	return flags
}

// client returns a client of a user, at the console.
func (l *lab) client(t *testing.T, user string) *clientv3.Client {
	t.Helper()
	cfg := l.members[0].Config(t)
	cfg.TLS = l.authority.Client(t, l.issue(t, user))
	cfg.Endpoints = nil
	for _, m := range l.members {
		cfg.Endpoints = append(cfg.Endpoints, m.URL())
	}
	cfg.DialOptions = []grpc.DialOption{grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
		return l.console.DialContext(ctx, "tcp", address)
	})}
	client, err := clientv3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// newArray starts tgt.
func (l *lab) newArray(t *testing.T, names []string, initiators map[string][]string) *array {
	t.Helper()
	n := netns.New(t)
	a := &array{cable: l.wire.lay(t, n, "eth0")}
	a.lead(t, netip.Prefix{})
	a.Tgt = targets.StartTgt(t, targets.TgtConfig{Namespace: n, Addrs: []netip.Addr{a.own}, Port: 3260, Targets: names, Initiators: initiators})
	a.portal = a.own.String() + ":3260"
	return a
}

// mask shows disk3 to a host, or no longer.
func (a *array) mask(t *testing.T, h *host, shown bool) {
	t.Helper()
	op := "unbind"
	if shown {
		op = "bind"
	}
	a.Admin(t, "--mode", "target", "--op", op, "--tid", "3", "-I", h.storage.own.String())
}
