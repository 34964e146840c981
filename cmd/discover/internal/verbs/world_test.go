package verbs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A lab is a world for one test: a network in memory and a host without
// surprises.
type lab struct {
	*iscsitest.Network
	stdin   string
	files   map[string]string
	closed  map[string]error // files that are there and cannot be opened
	folders map[string][]string
	env     map[string]string
	fds     map[int]string
	answers map[string]string // to questions at the terminal
	names   map[string][]string
	host    string
	stdout  io.Writer         // nil: kept
	stderr  io.Writer         // likewise
	columns map[io.Writer]int // of those that are terminals
	rows    int               // of these; 0: nothing is drawn in place
	hangups chan struct{}     // nil: none is heard

	enforcer enforce.Enforcer // nil: there is none
	hasIPsec bool             // the system has some
	noLook   error            // why the command may not look whether it has

	cleanIPsec func(ctx context.Context, all, dry bool) ([]strongswan.Leftover, error) // nil: there is no IKE daemon

	dialed func()                                                                             // nil: called at each dial
	way    func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) // nil: that of the network

	created map[string]*newFile // by the command
	room    int                 // bytes that fit into each of them; 0: any number
	bounds  machine.Bounds      // of what is collected

	openFiles uint64 // limit; 0: it is not known

	addresses []ports.Address
	unlisted  error    // why the network interfaces cannot be listed
	unrouted  []string // our addresses that no packets go out from
}

// route is the routing of the host: what is not of its own network goes out by
// eth0.
func (l *lab) route(_ context.Context, source, dst netip.Addr) (netip.Addr, error) {
	if slices.Contains(l.unrouted, source.String()) {
		return source, syscall.ENETUNREACH
	}
	if source.IsValid() {
		return source, nil
	}
	for _, a := range l.addresses {
		if a.Addr.Is4() == dst.Is4() && !slices.Contains(l.unrouted, a.Addr.String()) {
			return a.Addr, nil
		}
	}
	return source, syscall.ENETUNREACH
}

// dial is that of the network.
func (l *lab) dial(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
	if l.dialed != nil {
		l.dialed()
	}
	if l.way != nil {
		return l.way(ctx, source, dst)
	}
	return l.Dial(ctx, source, dst)
}

func newLab(t *testing.T) *lab {
	return &lab{
		Network: iscsitest.NewNetwork(t),
		files:   map[string]string{},
		env:     map[string]string{},
		fds:     map[int]string{},
		answers: map[string]string{},
		names:   map[string][]string{},
		created: map[string]*newFile{},
		host:    "host1.example.com",
		bounds:  machine.UsualBounds(),
		addresses: []ports.Address{
			{Addr: netip.MustParseAddr("192.0.2.254"), Interface: "eth0", Up: true},
			{Addr: netip.MustParseAddr("2001:db8::fe"), Interface: "eth0", Up: true},
			{Addr: netip.MustParseAddr("192.0.2.253"), Interface: "eth1", Up: true},
			{Addr: netip.MustParseAddr("198.51.100.7"), Interface: "eth2"},
			{Addr: netip.MustParseAddr("127.0.0.1"), Interface: "lo", Up: true},
		},
	}
}

// A newFile is one that the command makes.
type newFile struct {
	bytes.Buffer
	room   int
	closed bool
}

func (f *newFile) Write(b []byte) (int, error) {
	if f.room > 0 && f.Len()+len(b) > f.room {
		return 0, &fs.PathError{Op: "write", Path: "f", Err: syscall.ENOSPC}
	}
	return f.Buffer.Write(b)
}

func (f *newFile) Close() error {
	f.closed = true
	return nil
}

// A ran is what a run of the command left behind.
type ran struct {
	status         int
	stdout, stderr string
}

// discover runs the command.
func (l *lab) discover(ctx context.Context, args ...string) ran {
	var stdout, stderr bytes.Buffer
	w := machine.Env{
		Stdin:    strings.NewReader(l.stdin),
		Stdout:   &stdout,
		Stderr:   &stderr,
		Terminal: func(w io.Writer) int { return l.columns[w] },
		LookupEnv: func(name string) (string, bool) {
			v, ok := l.env[name]
			return v, ok
		},
		Files: fstest.MapFS{},
		Open: func(path string) (io.ReadCloser, error) {
			if err := l.closed[path]; err != nil {
				return nil, &fs.PathError{Op: "open", Path: path, Err: err}
			}
			if s, ok := l.files[path]; ok {
				return io.NopCloser(strings.NewReader(s)), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
		Folder: func(path string) ([]string, error) {
			if names, ok := l.folders[path]; ok {
				return slices.Clone(names), nil
			}
			return nil, fs.ErrNotExist
		},
		Variables: func() []string { return slices.Collect(maps.Keys(l.env)) },
		OpenFD: func(n int) (io.ReadCloser, error) {
			if s, ok := l.fds[n]; ok {
				return io.NopCloser(strings.NewReader(s)), nil
			}
			return nil, errors.New("it is not open")
		},
		Ask: func(ctx context.Context, question string) ([]byte, error) {
			if s, ok := l.answers[question]; ok {
				return []byte(s), nil
			}
			<-ctx.Done()
			return nil, ctx.Err()
		},
		Create: func(path string) (io.WriteCloser, error) {
			if _, ok := l.files[path]; ok || l.created[path] != nil {
				return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrExist}
			}
			l.created[path] = &newFile{room: l.room}
			return l.created[path], nil
		},
		Remove: func(path string) error {
			delete(l.created, path)
			return nil
		},
		Save:     machine.Real().Save,
		Hostname: func() (string, error) { return l.host, nil },
		System:   "linux",
		Interfaces: func() ([]machine.NetInterface, error) {
			if l.unlisted != nil {
				return nil, l.unlisted
			}
			return []machine.NetInterface{
				{Name: "lo", Addresses: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("::1/128")}},
				{Name: "eth0", Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.254/24"), netip.MustParsePrefix("2001:db8::fe/64")}},
			}, nil
		},
		Addresses: func() ([]ports.Address, error) { return l.addresses, nil },
		Route:     l.route,
		Dial:      l.dial,
		Room:      l.bounds,
		OpenFiles: l.openFiles,
		Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			var addrs []netip.Addr
			for _, s := range l.names[host] {
				addrs = append(addrs, netip.MustParseAddr(s))
			}
			if addrs == nil {
				return nil, errors.New("no such host")
			}
			return addrs, nil
		},
	}
	if l.enforcer != nil {
		w.Enforcer = func(string) enforce.Enforcer { return l.enforcer }
		w.HasIPsec = func() (bool, error) { return l.hasIPsec, l.noLook }
	}
	w.CleanIPsec = l.cleanIPsec
	if l.rows > 0 {
		w.Rows = func(io.Writer) int { return l.rows }
	}
	if l.hangups != nil {
		w.Hangups = func() (<-chan struct{}, func()) { return l.hangups, func() {} }
	}
	if l.stdout != nil {
		w.Stdout = l.stdout
	}
	if l.stderr != nil {
		w.Stderr = l.stderr
	}
	return ran{status: Run(ctx, args, w), stdout: stdout.String(), stderr: stderr.String()}
}

// want compares what a run left behind.
func (r ran) want(t *testing.T, status int, stdout, stderr string) {
	t.Helper()
	if r.status != status {
		t.Errorf("got exit status %d, want %d", r.status, status)
	}
	if r.stdout != stdout {
		t.Errorf("standard output: got\n%s\nwant\n%s", r.stdout, stdout)
	}
	if r.stderr != stderr {
		t.Errorf("standard error: got\n%s\nwant\n%s", r.stderr, stderr)
	}
}

// twoTargets is what most portals of these tests show.
func twoTargets() *iscsitest.Target {
	return &iscsitest.Target{Records: []iscsitest.Record{
		{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1", "[2001:db8::10]:3260,1"}},
		{Name: "iqn.2026-11.com.example:disk-two"},
	}}
}

// threeTargets takes long enough to tell that the first is there early: a record
// is complete when the next begins.
func threeTargets() *iscsitest.Target {
	t := twoTargets()
	t.Records = append(t.Records, iscsitest.Record{Name: "iqn.2026-11.com.example:disk3"})
	return t
}
