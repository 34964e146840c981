package etcdtest

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// shared are the servers that the tests of this process share.
var shared struct {
	sync.Mutex
	ends    bool // Main runs, which ends them
	servers map[Kind]*Server
	removes []func() // removes a server's data
}

// atOnce is how many parallel tests run at a time, unless -parallel says it: more than
// there are processors, as they mostly wait for leases.
const atOnce = 8

// Main runs the tests of a package of which some share servers, and ends these:
//
//	func TestMain(m *testing.M) { os.Exit(etcdtest.Main(m)) }
func Main(m *testing.M) (status int) {
	shared.ends = true
	flag.Parse()
	parallel := flag.Lookup("test.parallel")
	if parallel.Value.String() == parallel.DefValue {
		_ = parallel.Value.Set(strconv.Itoa(max(atOnce, runtime.GOMAXPROCS(0)))) // it is a number
	}
	defer func() {
		for _, s := range shared.servers {
			s.kill()
		}
		for _, remove := range shared.removes {
			remove()
		}
	}()
	return m.Run()
}

// Shared returns the server of a kind that the tests of this process share: one on
// loopback in clear text, without users. The first test that asks starts it. A test has
// keys of its own there (see Name), as other tests run at the same time and with -count
// the same one runs again. It may compact the history; it must not kill, pause, fill or
// authenticate.
func Shared(t testing.TB, k Kind) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.ends {
		t.Fatal("the package's TestMain does not call etcdtest.Main, which ends the shared servers")
	}
	if s := shared.servers[k]; s != nil {
		return s
	}
	program := Program(t, k)
	folder, err := os.MkdirTemp("", "etcd-of-tests-")
	if err != nil {
		t.Fatal(err)
	}
	remove, err := removeAtEnd(folder)
	if err != nil {
		os.RemoveAll(folder)
		t.Fatal(err)
	}
	shared.removes = append(shared.removes, remove)
	s := newServer(t, program, folder, 0, Options{Kind: k}, Place{})
	defer func() {
		if !s.shared { // it did not become healthy
			s.kill()
		}
	}()
	startAll(t, []*Server{s})
	if shared.servers == nil {
		shared.servers = map[Kind]*Server{}
	}
	s.shared, shared.servers[k] = true, s
	return s
}

// Each runs tests with the shared server of each kind, all at the same time. tests says which
// there are for a kind, by name.
func Each(t *testing.T, tests func(Kind) map[string]func(*testing.T, *Server)) {
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server, all := Shared(t, kind), tests(kind)
			for _, name := range slices.Sorted(maps.Keys(all)) {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					all[name](t, server)
				})
			}
		})
	}
}

// Name returns a name that no other test has, of a-z, 0-9 and -, which begins with what
// the test calls it: of a fleet, or of a prefix.
func Name(begin string) string { return fmt.Sprintf("%s-%08x", begin, rand.Uint32()) }

// wantOwn fails a test that would do something to a server that others use.
func (s *Server) wantOwn(t testing.TB) {
	t.Helper()
	if s.shared {
		t.Fatalf("%v is shared with other tests: start one for this", s)
	}
}
