package etcdtest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/output"
)

// A Server is a member of a cluster, or a cluster of one. Its methods are for one
// goroutine at a time.
type Server struct {
	program, name, data string
	opts                Options
	place               Place
	certificate         Certificate // zero: clear text
	client, peer        netip.AddrPort
	peers               []*Server // all members
	root                string    // root's password, once there are users
	shared              bool      // by the tests of the process
	process             *netns.Process
	log                 *output.Buffer
}

// newServer prepares a member of a cluster, with its data in a folder.
func newServer(t testing.TB, program, data string, number int, o Options, p Place) *Server {
	t.Helper()
	if !p.Address.IsValid() {
		p.Address = loopback()
	}
	s := &Server{program: program, name: "m" + strconv.Itoa(number), data: data, opts: o, place: p}
	s.client, s.peer = freePort(t, p), freePort(t, p)
	if p.Port != 0 {
		s.client = netip.AddrPortFrom(p.Address, p.Port)
	}
	if o.TLS != nil {
		s.certificate = o.Server
		if s.certificate == (Certificate{}) {
			s.certificate = o.TLS.Issue(t, Request{Name: "etcd", Addresses: []netip.Addr{p.Address}})
		}
	}
	return s
}

// URL returns the URL for clients.
func (s *Server) URL() string {
	if s.opts.TLS != nil {
		return "https://" + s.client.String()
	}
	return "http://" + s.client.String()
}

// Address returns what clients connect to.
func (s *Server) Address() netip.AddrPort { return s.client }

// Log returns what the server has written to its output so far.
func (s *Server) Log() string { return s.log.String() }

// Start starts a server again that was killed, with its data, and does not wait until it
// is healthy.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	if s.process != nil && !s.process.Ended() {
		t.Fatalf("etcd %s is running already", s.name)
	}
	s.start(t)
}

// Kill ends the server as a crash does, and waits until it is gone.
func (s *Server) Kill() {
	if s.shared {
		panic("a test would kill a server that it shares")
	}
	s.kill()
}

// Empty has a server that was killed begin anew, as after the restoration of an early
// snapshot: its revisions come again.
func (s *Server) Empty(t testing.TB) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(s.data, "data")); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) kill() {
	if s.process != nil {
		s.process.Kill()
	}
}

// start starts the process.
func (s *Server) start(t testing.TB) {
	t.Helper()
	s.log = &output.Buffer{Limit: logLimit}
	cmd := exec.Command(s.program, s.args()...)
	cmd.Dir = s.data
	cmd.Env = []string{"PATH=/nowhere"} // no ETCD_ variable of the tests' environment counts
	cmd.Stdout, cmd.Stderr = s.log, s.log
	var err error
	if s.process, err = s.place.Namespace.Start(cmd); err != nil {
		t.Fatalf("etcd %s: %v", s.name, err)
	}
}

// args returns the arguments of etcd.
func (s *Server) args() []string {
	var cluster []string
	for _, p := range s.peers {
		cluster = append(cluster, p.name+"=http://"+p.peer.String())
	}
	args := []string{
		"--name", s.name, "--data-dir", "data", "--log-level", "warn", "--logger", "zap",
		"--listen-client-urls", s.URL(), "--advertise-client-urls", s.URL(),
		"--listen-peer-urls", "http://" + s.peer.String(), "--initial-advertise-peer-urls", "http://" + s.peer.String(),
		"--initial-cluster", strings.Join(cluster, ","), "--initial-cluster-token", "test",
		"--bcrypt-cost", "4", // the least: passwords of tests need no protection
		"--auth-token-ttl", strconv.Itoa(cmp.Or(s.opts.TokenTTL, 300)), "--quota-backend-bytes", strconv.FormatInt(s.opts.Quota, 10),
	}
	if s.opts.TLS != nil {
		args = append(args, "--cert-file", s.certificate.Cert, "--key-file", s.certificate.Key, "--client-cert-auth", "--trusted-ca-file", s.opts.TLS.File)
	}
	if s.opts.Kind == Built {
		args = append(args, "--unsafe-no-fsync") // the machine does not lose power here
	}
	return append(args, s.opts.Args...)
}

// loopback returns an address of loopback on which no client's port is in the way: on
// Linux, where all of 127.0.0.0/8 is there, any.
func loopback() netip.Addr {
	if runtime.GOOS == "linux" {
		return netip.AddrFrom4([4]byte{127, byte(64 + rand.N(64)), byte(rand.N(256)), byte(1 + rand.N(254))})
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

// freePort returns a port of the place on which nothing listens.
func freePort(t testing.TB, p Place) netip.AddrPort {
	t.Helper()
	l, err := p.Namespace.Listen(t.Context(), netip.AddrPortFrom(p.Address, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// logLimit is how much of a server's output is kept, in bytes.
const logLimit = 1 << 20

func (s *Server) String() string { return fmt.Sprintf("etcd %s at %s", s.name, s.client) }
