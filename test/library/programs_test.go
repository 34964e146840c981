package library

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/isnstest"
	"github.com/go-iscsi/discovery/test/targets"
)

// The portals of the page.
const (
	first  = "192.0.2.10:3260"
	second = "192.0.2.11:3260"
	third  = "192.0.2.12:3260"
	fourth = "192.0.2.13:3260"
)

// The targets of the page.
const (
	archive  = "iqn.2026-11.com.example:archive"
	database = "iqn.2026-11.com.example:database"
	scratch  = "iqn.2026-11.com.example:scratch"
)

// chap is what the page's programs authenticate with.
var chap = targets.CHAP{User: "host1", Secret: "secret-of-the-host", TargetUser: "array7", TargetSecret: "secret-of-array"}

// chapFile is chap as the program oneshot reads it.
const chapFile = `{"User": "host1", "Secret": "secret-of-the-host", "TargetUser": "array7", "TargetSecret": "secret-of-array"}`

// wrongFile has another secret of the host.
const wrongFile = `{"User": "host1", "Secret": "another-secret", "TargetUser": "array7", "TargetSecret": "secret-of-array"}`

// TestPrograms: the page has the six whole programs that it promises.
func TestPrograms(t *testing.T) {
	t.Parallel()
	var names []string
	for _, p := range Page(t) {
		names = append(names, p.Name)
	}
	if want := []string{"oneshot", "sweep", "service", "named", "observe", "protected"}; !slices.Equal(names, want) {
		t.Errorf("docs/library.md has the programs %q, want %q", names, want)
	}
}

// TestOneshot: mutual CHAP, and a secret that the portal does not take.
func TestOneshot(t *testing.T) {
	t.Parallel()
	p := Find(t, "oneshot")
	program := p.Build(t)
	l := listen(t)
	portal := l.Addr().String()
	iscsitest.ListenWith(t, l, &iscsitest.Target{
		User: chap.User, Secret: chap.Secret, MutualUser: chap.TargetUser, MutualSecret: chap.TargetSecret,
		Records: []iscsitest.Record{{Name: database, Addresses: []string{portal + ",1"}}, {Name: archive, Addresses: []string{portal + ",1"}}},
	})
	s := Setting{
		Folder: folder(t, map[string]string{"chap.json": chapFile, "wrong.json": wrongFile}),
		Here:   here(map[string]netip.AddrPort{first: netip.MustParseAddrPort(portal)}),
	}
	for _, r := range p.Runs {
		s.Run(t, program, r)
	}
	t.Run("tgt", func(t *testing.T) {
		g := targets.StartTgt(t, targets.TgtConfig{Targets: []string{database, archive}, Discovery: chap})
		s := s
		s.Here = here(map[string]netip.AddrPort{first: g.Portals[0]})
		s.Run(t, program, p.Runs[0])
	})
}

// TestNamed: an iSNS server that names two targets, and none.
func TestNamed(t *testing.T) {
	t.Parallel()
	p := Find(t, "named")
	server := isnstest.Listen(t, isnstest.Config{Database: isnstest.Database{Nodes: []isnstest.Node{
		{Name: database, Access: []isnstest.Access{{Portal: netip.MustParseAddrPort(first), Group: 1}}},
		{Name: archive, Access: []isnstest.Access{{Portal: netip.MustParseAddrPort(first), Group: 1}}},
	}}})
	s := Setting{Here: here(map[string]netip.AddrPort{"192.0.2.5:3205": server.Addr, "192.0.2.6:3205": closed(t)})}
	program := p.Build(t)
	for _, r := range p.Runs {
		s.Run(t, program, r)
	}
}

// TestSweep: a real target, one that shows a harmful name, one that wants CHAP, and a
// portal that is not there.
func TestSweep(t *testing.T) {
	t.Parallel()
	p := Find(t, "sweep")
	portals := map[string]netip.AddrPort{
		first: anyTarget(t, database, archive),
		second: iscsitest.Listen(t, &iscsitest.Target{Records: []iscsitest.Record{
			{Name: scratch, Addresses: []string{"192.0.2.11:3260,1"}},
			{Name: "iqn.2026-11.com.example:\x1b[2J", Addresses: []string{"192.0.2.11:3260,1"}},
		}}).Addr,
		third:  iscsitest.Listen(t, &iscsitest.Target{Status: pdu.StatusAuthFailure}).Addr,
		fourth: closed(t),
	}
	var lines []string
	for _, addr := range portals {
		lines = append(lines, addr.String()+"\n")
	}
	s := Setting{
		Folder:   folder(t, map[string]string{"portals.txt": strings.Join(lines, "")}),
		Here:     here(portals),
		AnyOrder: true,
	}
	program := p.Build(t)
	for _, r := range p.Runs {
		s.Run(t, program, r)
	}
}

// TestObserve: a portal loses a target, is out of order for a moment, and has a new target
// when it comes back.
func TestObserve(t *testing.T) {
	t.Parallel()
	p := Find(t, "observe")
	l := listen(t)
	target := func(names ...string) *iscsitest.Target {
		g := new(iscsitest.Target)
		for _, name := range names {
			g.Records = append(g.Records, iscsitest.Record{Name: name, Addresses: []string{l.Addr().String() + ",1"}})
		}
		return g
	}
	one := target(database)
	server := iscsitest.ListenWith(t, l, target(archive, database), one, one, &iscsitest.Target{Status: pdu.StatusServiceUnavailable}, target(database, scratch))
	s := Setting{Folder: folder(t, nil), Here: here(map[string]netip.AddrPort{first: server.Addr})}
	program := p.Build(t)
	for _, r := range p.Runs {
		s.Run(t, program, r)
	}
}

// TestService: two portals are added, and asked once more; later one of them has lost a
// target, and the other is out of order. The secret is in the registry, and not to be
// read there.
func TestService(t *testing.T) {
	t.Parallel()
	p := Find(t, "service")
	listeners := []net.Listener{listen(t), listen(t)}
	// The registry has them in the order of their ports.
	slices.SortFunc(listeners, func(a, b net.Listener) int {
		return netip.MustParseAddrPort(a.Addr().String()).Compare(netip.MustParseAddrPort(b.Addr().String()))
	})
	target := func(i int, names ...string) *iscsitest.Target {
		g := &iscsitest.Target{User: chap.User, Secret: chap.Secret}
		for _, name := range names {
			g.Records = append(g.Records, iscsitest.Record{Name: name, Addresses: []string{listeners[i].Addr().String() + ",1"}})
		}
		return g
	}
	// One handler for each connection: to add, to refresh at once, to refresh later.
	both, scratched := target(0, archive, database), target(1, scratch)
	servers := []*iscsitest.Server{
		iscsitest.ListenWith(t, listeners[0], both, both, target(0, database)),
		iscsitest.ListenWith(t, listeners[1], scratched, scratched, &iscsitest.Target{Status: pdu.StatusServiceUnavailable}),
	}
	s := Setting{
		Folder: folder(t, map[string]string{"host1.secret": chap.Secret + "\n"}),
		Here:   here(map[string]netip.AddrPort{first: servers[0].Addr, second: servers[1].Addr}),
	}
	program := p.Build(t)
	for _, r := range p.Runs {
		s.Run(t, program, r)
	}
	files, err := filepath.Glob(filepath.Join(s.Folder, "registry.db*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("got %q, %v, want the registry and its key", files, err)
	}
	for _, file := range files {
		if b, err := os.ReadFile(file); err != nil || bytes.Contains(b, []byte(chap.Secret)) {
			t.Errorf("%s (%v) has the secret as it is", file, err)
		}
	}
}

// TestProtected: where nothing can do IPsec the portal is not asked. What the program does
// where there is IPsec is tested in test/ipsec, with charon and a kernel that has ESP.
func TestProtected(t *testing.T) {
	t.Parallel()
	p := Find(t, "protected")
	program := p.Build(t)
	l := listen(t)
	defer l.Close()
	s := Setting{
		Folder: folder(t, map[string]string{"peer.key": "the key of this test\n"}),
		Here:   here(map[string]netip.AddrPort{first: netip.MustParseAddrPort(l.Addr().String())}),
		Env:    []string{"CHARON_VICI=no-charon-here"},
	}
	if runtime.GOOS == "linux" && os.Geteuid() != 0 { // charon is not even asked: no socket can be held
		s.Here["ISDSC_IPSEC_NOT_SUPPORTED_ON_OS"] = "ISDSC_FAILED_TO_CONFIGURE_IPSEC"
	}
	s.Run(t, program, p.Runs[len(p.Runs)-1])
	if err := l.(*net.TCPListener).SetDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if nc, err := l.(*net.TCPListener).Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the portal was connected to: %v, %v", nc, err)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// anyTarget starts a target that wants no CHAP: a real one where it can be built.
func anyTarget(t *testing.T, names ...string) netip.AddrPort {
	t.Helper()
	if runtime.GOOS == "linux" || runtime.GOOS == "darwin" {
		return targets.StartGotgt(t, targets.GotgtConfig{Targets: names}).Portals[0]
	}
	l := listen(t)
	g := &iscsitest.Target{}
	for _, name := range names {
		g.Records = append(g.Records, iscsitest.Record{Name: name, Addresses: []string{l.Addr().String() + ",1"}})
	}
	return iscsitest.ListenWith(t, l, g).Addr
}
