package library

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/test/netns"
)

func TestMain(m *testing.M) {
	netns.Isolate() // gotgt listens on all addresses of the host
	os.Exit(m.Run())
}

// source is our address on the page; in the tests it is that of the loopback interface.
const source = "192.0.2.1"

// here returns what a Setting exchanges: the portals of the page, in order, and our own
// address.
func here(portals map[string]netip.AddrPort) map[string]string {
	all := map[string]string{source: "127.0.0.1"}
	for page, addr := range portals {
		all[page] = addr.String()
	}
	return all
}

// folder returns a folder with files in it, which only their owner may read.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// closed returns an address at which nothing listens, and nothing will until the end of
// the test: its port is the initiator's end of a connection.
func closed(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return netip.MustParseAddrPort(nc.LocalAddr().String())
}
