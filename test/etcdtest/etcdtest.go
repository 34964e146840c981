// Package etcdtest starts etcd servers for tests: one member or a cluster, of Debian's
// package or built from source, each a process of its own with its data in a folder of
// the test. They die with the test. Tests that do nothing to a server share one for each
// kind, which is there until the process ends: it starts in a second, and a package has
// dozens of tests.
//
// A server that is built comes from the nested module in the folder server, so that the
// project's go.mod does not have what a server needs. It is built once for each user of
// the machine, into the user's cache folder.
package etcdtest

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/test/netns"
)

// A Kind says which server a test runs.
type Kind string

// The servers that there are.
const (
	Debian Kind = "debian" // Debian's etcd-server, 3.4 in Debian 12
	Built  Kind = "built"  // Version, built from source
)

// Version is the release of the server that is built; server/go.mod has it.
const Version = "v3.7.3"

// Kinds returns all servers, for tests that run with each.
func Kinds() []Kind { return []Kind{Debian, Built} }

// Options say how servers run. The zero value is one of Debian's on loopback in clear
// text, without users.
type Options struct {
	Kind Kind       // "": Debian
	TLS  *Authority // signs the server's certificate and its clients'; nil: clear text

	// Server is the server's certificate; zero: one that TLS issues, valid for an hour.
	// Servers read its files again at each handshake.
	Server Certificate

	Quota    int64    // of the database in bytes; 0: the server's own
	TokenTTL int      // of simple tokens, in seconds; 0: the server's own, 300
	Args     []string // more arguments of etcd
}

// A Place is where a member of a cluster runs.
type Place struct {
	Namespace *netns.Namespace // nil: where the test runs
	Address   netip.Addr       // that it listens on; zero: loopback
	Port      uint16           // for clients; 0: a free one
}

// Start starts a server on loopback and returns when it is healthy. Where the test needs
// what is not there, it is skipped.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	return StartCluster(t, o, Place{})[0]
}

// StartCluster starts a cluster with a member at each place and returns when all are
// healthy. Members talk in clear text with each other.
func StartCluster(t testing.TB, o Options, places ...Place) []*Server {
	t.Helper()
	program := Program(t, o.Kind)
	var members []*Server
	for i, p := range places {
		s := newServer(t, program, t.TempDir(), i, o, p)
		t.Cleanup(s.Kill)
		members = append(members, s)
	}
	startAll(t, members)
	return members
}

// startAll starts the members of a cluster and returns when all are healthy.
func startAll(t testing.TB, members []*Server) {
	t.Helper()
	for _, s := range members {
		s.peers = members
	}
	for _, s := range members {
		s.start(t)
	}
	for _, s := range members {
		s.AwaitHealthy(t)
	}
}
