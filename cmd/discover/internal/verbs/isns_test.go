package verbs

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/discover/internal/isnsverbs"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// isns puts an iSNS server into the network of the lab.
func (l *lab) isns(t *testing.T, cfg isnstest.Config) *isnstest.Server {
	s := isnstest.New(t, "192.0.2.5:3205", cfg)
	l.way = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
		if dst == s.Addr {
			return s.Dial(ctx, source, dst)
		}
		return l.Dial(ctx, source, dst)
	}
	return s
}

// storageDomain is a database with two targets, one of them in a discovery domain and behind
// a portal that needs IPsec.
func storageDomain() isnstest.Database {
	p := netip.MustParseAddrPort
	return isnstest.Database{
		Nodes: []isnstest.Node{
			{Name: "iqn.2026-11.com.example:disk1", Alias: "first \x1b disk", Access: []isnstest.Access{{Portal: p("192.0.2.10:3260"), Group: 1}, {Portal: p("192.0.2.11:3261"), Group: 2}}},
			{Name: "iqn.2026-11.com.example:disk2", Access: []isnstest.Access{{Portal: p("192.0.2.10:3260"), Group: 1}}},
			{Name: "iqn.2026-11.io.github.go-iscsi:host1.example.com", Type: isns.Initiator},
		},
		Portals: []isnstest.Portal{{Address: p("192.0.2.11:3261"), Name: "rack 1", Security: ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagMain | ipsec.FlagTransport}},
		Domains: []isnstest.Domain{{ID: 7, Name: "storage", Members: []string{
			"iqn.2026-11.com.example:disk1", "iqn.2026-11.com.example:disk2", "iqn.2026-11.io.github.go-iscsi:host1.example.com",
		}}},
	}
}

// TestISNSQuery (issue 21): a server is asked, and nothing is stored.
func TestISNSQuery(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{
		"table":    "192.0.2.5:3205: 2 targets\n",
		"iscsiadm": "192.0.2.10:3260,1 iqn.2026-11.com.example:disk1\n192.0.2.11:3261,2 iqn.2026-11.com.example:disk1\n192.0.2.10:3260,1 iqn.2026-11.com.example:disk2\n",
		"json": `{"version":1,"servers":[
{"server":"192.0.2.5:3205","address":"192.0.2.5:3205","instance":"","initiator_port":"all","initiator_name":"iqn.2026-11.io.github.go-iscsi:host1.example.com","source":"192.0.2.254","stored":false,"status":"ok","code":0,"code_name":"ISDSC_SUCCESS","targets":[{"name":"iqn.2026-11.com.example:disk1",`,
		"jsonl": `{"type":"isns-target","server":"192.0.2.5:3205","name":"iqn.2026-11.com.example:disk1","alias":"first \u001b disk","portals":[{"address":"192.0.2.10","port":3260,"group":1,"name":"","security":null},{"address":"192.0.2.11","port":3261,"group":2,"name":"rack 1","security":{"security_flags":"0x27","ipsec":"ike,transport,main"}}],"domains":[{"id":7,"name":"storage"}]}
{"type":"isns-target","server":"192.0.2.5:3205","name":"iqn.2026-11.com.example:disk2","alias":"","portals":[{"address":"192.0.2.10","port":3260,"group":1,"name":"","security":null}],"domains":[{"id":7,"name":"storage"}]}
{"type":"isns-answer","server":"192.0.2.5:3205","address":"192.0.2.5:3205",`,
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			l.isns(t, isnstest.Config{Database: storageDomain()})
			r := l.discover(t.Context(), "isns", "query", "192.0.2.5", "-o", format)
			if r.status != exit.OK || !strings.HasPrefix(r.stdout, want) || r.stderr != "" {
				t.Errorf("%s: got %d %s\n%s\nwant\n%s", format, r.status, r.stderr, r.stdout, want)
			}
			if format == "table" && !strings.Contains(r.stdout, "192.0.2.11:3261,2  rack 1          main,transport") && !strings.Contains(r.stdout, "transport,main") {
				t.Errorf("got %s, want the bitmap in words", r.stdout)
			}
			if strings.Contains(r.stdout, "\x1b") {
				t.Errorf("%s: got an escape", format)
			}
		})
	}
}

// TestISNSName: the server sees the name that is given, and tells a stranger nothing.
func TestISNSName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.isns(t, isnstest.Config{Database: storageDomain()})
		l.discover(t.Context(), "isns", "query", "192.0.2.5", "--initiator-name", "iqn.2026-11.com.example:stranger").want(t, exit.OK,
			"192.0.2.5:3205: no targets, asked as iqn.2026-11.com.example:stranger\n", "")
	})
}

// TestISNSRegistry: a server is stored, kept where it does not answer, asked again and
// removed, and its targets become missing and stale.
func TestISNSRegistry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		server := l.isns(t, isnstest.Config{Database: storageDomain()})
		discover := l.inRegistry(t)
		if r := discover("isns", "add", "192.0.2.5", "--source", "192.0.2.253"); r.status != exit.OK || !strings.HasPrefix(r.stdout, "192.0.2.5:3205: stored; 2 targets\n") {
			t.Errorf("got %+v", r)
		}
		refused := "discover: connect to iSNS server 192.0.2.6:3206: dial tcp 192.0.2.6:3206: connection refused; nothing listens there: check the address and the TCP port\n"
		discover("isns", "add", "192.0.2.6:3206").want(t, exit.Failed, "", refused+"discover: 192.0.2.6:3206 is stored in the registry nevertheless; see discover isns list\n")
		if r := discover("isns", "list"); r.status != exit.OK || strings.Count(r.stdout, "\n") != 3 || !strings.Contains(r.stdout, "host      2     2000-01-01T00:00:00Z 2 targets") {
			t.Errorf("got %+v", r)
		}
		server.Change(func(d *isnstest.Database) { d.Nodes = d.Nodes[1:] })
		r := discover("target", "list", "--refresh")
		if r.status != exit.Partly || !strings.Contains(r.stdout, "iSNS server 192.0.2.5:3205") || !strings.Contains(r.stdout, "missing since") || r.stderr != refused {
			t.Errorf("got %+v", r)
		}
		if r := discover("isns", "refresh", "192.0.2.5", "-o", "iscsiadm"); r.stdout != "192.0.2.10:3260,1 iqn.2026-11.com.example:disk2\n" {
			t.Errorf("got %+v", r)
		}
		if r := discover("isns", "remove", "192.0.2.5", "192.0.2.6:3206", "192.0.2.7"); r.status != exit.Partly || r.stdout != "removed iSNS server 192.0.2.5:3205\nremoved iSNS server 192.0.2.6:3206\n" {
			t.Errorf("got %+v", r)
		}
		r = discover("target", "prune", "-o", "json")
		if want := `"found_by":null,"isns_server":"192.0.2.5:3205"`; strings.Count(r.stdout, want) != 2 {
			t.Errorf("got %+v, want %s twice", r, want)
		}
	})
}

// TestISNSHostile (issue 21): what a server sends is bounded and escaped, and no portal is
// asked that is not to be asked.
func TestISNSHostile(t *testing.T) {
	t.Parallel()
	p := netip.MustParseAddrPort
	for _, tt := range []struct {
		name   string
		of     isnstest.Database
		status int
		stderr string // is in it
		dials  int
	}{
		{"loopback", one("127.0.0.1:3260"), exit.OK, "portal 127.0.0.1:3260 is not asked: the address cannot be used from here", 0},
		{"ours", one("192.0.2.254:22"), exit.OK, "portal 192.0.2.254:22 is not asked: the address is one of this host", 0},
		{"broadcast", one("192.0.2.255:3260"), exit.OK, "is not asked: the address is the broadcast address", 0},
		{"multicast", one("224.0.0.1:3260"), exit.OK, "portal 224.0.0.1:3260 is not asked", 0},
		{"unspecified", one("[::]:3260"), exit.OK, "the portal address :: stands for all addresses of a host that is not named", 0},
		{"outside", one("198.51.100.1:3260"), exit.OK, "portal 198.51.100.1:3260 is not asked: the address is outside --within", 0},
		{"escape", isnstest.Database{Nodes: []isnstest.Node{{Name: "iqn.2026-11.com.example:\x1b[2J", Access: []isnstest.Access{{Portal: p("192.0.2.10:3260")}}}}}, exit.OK, `a target was left out: its name`, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			l.isns(t, isnstest.Config{Database: tt.of})
			r := l.discover(t.Context(), "scan", "--isns", "192.0.2.5", "--within", "192.0.2.0/24")
			if r.status != tt.status || !strings.Contains(r.stderr, tt.stderr) || strings.Contains(r.stderr+r.stdout, "\x1b") {
				t.Errorf("%s: got %+v, want %d and %s", tt.name, r, tt.status, tt.stderr)
			}
			if got := len(l.Dials()); got != tt.dials {
				t.Errorf("%s: got %d dials, want %d", tt.name, got, tt.dials)
			}
		})
	}
}

// one is a database with one target behind a portal.
func one(portal string) isnstest.Database {
	return isnstest.Database{Nodes: []isnstest.Node{{Name: "iqn.2026-11.com.example:disk1", Access: []isnstest.Access{{Portal: netip.MustParseAddrPort(portal), Group: 1}}}}}
}

// TestISNSManyPortals (issue 21): no more portals are asked than a scan asks because a server
// names them.
func TestISNSManyPortals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d isnstest.Database
		for n := range 5 {
			node := isnstest.Node{Name: fmt.Sprintf("iqn.2026-11.com.example:%d", n)}
			for i := range 1000 {
				node.Access = append(node.Access, isnstest.Access{Portal: netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}), uint16(1000+i)), Group: 1})
			}
			d.Nodes = append(d.Nodes, node)
		}
		l := newLab(t)
		l.isns(t, isnstest.Config{Database: d})
		r := l.discover(t.Context(), "scan", "--isns", "192.0.2.5")
		want := "904 portals, such as 198.51.100.4:1096, are not asked: more than 4096 portals are named"
		if r.status != exit.Failed || !strings.Contains(r.stderr, want) || len(l.Dials()) != isnsverbs.MaxPortals {
			t.Errorf("got %d, %d dials and %.300s, want %s", r.status, len(l.Dials()), r.stderr, want)
		}
	})
}

// scanned is what a server names where portals list something else.
func scanned(l *lab) isnstest.Database {
	l.Portal("192.0.2.10:3260", twoTargets())
	l.Portal("192.0.2.11:3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.11:3260,1", "192.0.2.12:3260,1"}}}})
	p := netip.MustParseAddrPort
	access := func(all ...string) (a []isnstest.Access) {
		for _, at := range all {
			a = append(a, isnstest.Access{Portal: p(at), Group: 1})
		}
		return a
	}
	return isnstest.Database{Nodes: []isnstest.Node{
		{Name: "iqn.2026-11.com.example:disk1", Access: access("192.0.2.11:3260")},
		{Name: "iqn.2026-11.com.example:vault", Access: access("192.0.2.10:3260", "192.0.2.11:3260")},
	}}
}

// TestScanISNS (issue 21): the portals that a server names are asked, once where they are
// given as well, and what differs is told.
func TestScanISNS(t *testing.T) {
	t.Parallel()
	for format, want := range map[string][]string{
		"table": {"192.0.2.11:3260: 1 target\n", "differences from iSNS server 192.0.2.5:3205\n  TARGET", "iqn.2026-11.com.example:vault     192.0.2.10:3260      named by the iSNS server, not listed by the portal\n"},
		"json": {`],"isns_servers":[{"server":"192.0.2.5:3205",`, `"differences":[`, `{"kind":"address-not-at-server","target":"iqn.2026-11.com.example:disk1","portal":"","address":"192.0.2.12:3260"}`,
			`{"kind":"target-not-at-portal","target":"iqn.2026-11.com.example:vault","portal":"192.0.2.11:3260","address":""}`},
		"jsonl":    {`{"type":"isns-answer","server":"192.0.2.5:3205",`, `{"type":"difference","kind":"target-not-at-server",`},
		"iscsiadm": {"192.0.2.11:3260,1 iqn.2026-11.com.example:disk1\n"},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			l.isns(t, isnstest.Config{Database: scanned(l)})
			r := l.discover(t.Context(), "scan", "--isns", "192.0.2.5", "192.0.2.10", "-o", format)
			if r.status != exit.OK || len(l.Dials()) != 2 {
				t.Errorf("%s: got %+v and dials %v", format, r, l.Dials())
			}
			for _, w := range want {
				if !strings.Contains(r.stdout, w) {
					t.Errorf("%s: got %s, want %s in it", format, r.stdout, w)
				}
			}
		})
	}
}

// TestScanISNSBitmap (issue 21): a portal whose bitmap asks for IPsec is asked under IPsec or
// not at all.
func TestScanISNSBitmap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		l.Portal("192.0.2.11:3261", twoTargets())
		l.isns(t, isnstest.Config{Database: storageDomain()})
		r := l.discover(t.Context(), "scan", "--isns", "192.0.2.5")
		if r.status != exit.Partly || len(l.Dials()) != 1 || !strings.Contains(r.stderr, "192.0.2.11:3261") || !strings.Contains(r.stderr, "IPsec") {
			t.Errorf("got %+v and dials %v, want none of 192.0.2.11", r, l.Dials())
		}
	})
}

// TestScanISNSStatus: a server that does not answer counts as a portal that does not.
func TestScanISNSStatus(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]int{
		"--isns 192.0.2.6":                  exit.Failed,
		"--isns 192.0.2.6 --isns 192.0.2.5": exit.Partly,
		"--isns 192.0.2.6 192.0.2.10":       exit.Partly,
		"--isns 192.0.2.6 192.0.2.99":       exit.Failed,
		"--isns 192.0.2.5":                  exit.OK,
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			l.isns(t, isnstest.Config{})
			l.Portal("192.0.2.10:3260", twoTargets())
			if r := l.discover(t.Context(), append([]string{"scan"}, strings.Fields(args)...)...); r.status != want {
				t.Errorf("%s: got %+v, want %d", args, r, want)
			}
		})
	}
}

// TestISNSCapture: --capture of a scan has what the iSNS server was asked and said, beside
// what the portals did.
func TestISNSCapture(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.isns(t, isnstest.Config{Database: storageDomain()})
	l.Portal("192.0.2.10:3260", twoTargets())
	l.Portal("192.0.2.11:3261", twoTargets())
	_ = l.discover(t.Context(), "scan", "--isns", "192.0.2.5", "--initiator-name", "iqn.2026-11.io.github.go-iscsi:host1.example.com", "--capture", "f")
	f := l.created["f"]
	if f == nil || !f.closed {
		t.Fatal("no file, or one that is not closed")
	}
	for _, want := range []string{"\x00\x00\x00\x20\x00\x00\x00\x20iqn.2026-11.com.example:disk2\x00", "SendTargets=All"} {
		if !strings.Contains(f.String(), want) {
			t.Errorf("the file does not have %q", want)
		}
	}
}
