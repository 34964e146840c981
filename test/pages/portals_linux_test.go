package pages

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/etcdtest"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/isnstest"
	"github.com/go-iscsi/discovery/test/targets"
)

const iscsiPort = pdu.DefaultPort

// scripted are the portals that are no tgt, but targets of this test: mostly one for each
// way to fail. Each connection has the next handler, and the last one serves the rest.
func scripted() map[string][]iscsitest.Handler {
	status := func(s pdu.Status) []iscsitest.Handler { return []iscsitest.Handler{&iscsitest.Target{Status: s}} }
	at := func(portal string) *iscsitest.Target {
		return &iscsitest.Target{PortalGroupTag: 1, Records: []iscsitest.Record{
			{Name: disk1, Addresses: []string{portal}}, {Name: disk2, Addresses: []string{portal}},
		}}
	}
	mutual := at("203.0.113.10:3260,1")
	mutual.User, mutual.Secret = chapUser, chapSecret
	mutual.MutualUser, mutual.MutualSecret = arrayUser, arraySecret
	return map[string][]iscsitest.Handler{
		"203.0.113.10": {mutual},
		"203.0.113.11": status(pdu.StatusAuthorizationFailed),
		"203.0.113.12": status(pdu.StatusNotFound),
		"203.0.113.13": status(pdu.StatusTargetError),
		"203.0.113.14": {&iscsitest.Target{Status: pdu.StatusServiceUnavailable}, at("203.0.113.14:3260,1")},
		"203.0.113.17": {&iscsitest.Target{PortalGroupTag: 1}}, // has no target for anyone
		"203.0.113.18": {&iscsitest.Target{Redirect: "192.0.2.10:3260"}},
		"203.0.113.20": {at("10.0.0.20:3260,1")}, // behind NAT
		"203.0.113.21": {&iscsitest.Target{PortalGroupTag: 1, Records: []iscsitest.Record{
			{Name: disk1, Addresses: []string{"203.0.113.21:3260,1", "192.0.2.12:3260,1", "198.51.100.10:3260,2"}},
			{Name: disk2, Addresses: []string{"192.0.2.13:3260,1"}},
		}}},
		"203.0.113.22": {at("0.0.0.0:3260,1")},
		"203.0.113.23": {at("127.0.0.1:3260,1")},
	}
}

// serve starts the targets of the lab. Nothing listens at 192.0.2.12, and nobody has
// 192.0.2.13.
func (l *lab) serve(t *testing.T) {
	t.Helper()
	l.tgt = targets.StartTgt(t, targets.TgtConfig{
		Namespace: l.array, Port: iscsiPort,
		Addrs:   []netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("198.51.100.10")},
		Targets: []string{disk1, disk2, vault},
		// tgt shows a target by the address of the initiator: the vault on the second cable only.
		Initiators: map[string][]string{vault: {"198.51.100.2"}},
	})
	targets.StartTgt(t, targets.TgtConfig{
		Namespace: l.array, Port: iscsiPort, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.11")},
		Targets: []string{vault}, Discovery: targets.CHAP{User: chapUser, Secret: chapSecret},
	})
	for addr, handlers := range scripted() {
		iscsitest.ListenWith(t, l.listen(t, addr), handlers...)
	}
	l.serveISNS(t)
	accept(t, l.listen(t, "192.0.2.14"), func(c net.Conn) {
		// It reads what came: a close with something unread would be a reset.
		_, _ = c.Read(make([]byte, 1<<16))
		_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n400 Bad Request\r\n")
	})
	accept(t, l.listen(t, "203.0.113.15"), func(c net.Conn) { c.Close() })
	accept(t, l.listen(t, "203.0.113.16"), func(net.Conn) {}) // it says nothing
}

// serveISNS starts the iSNS server at 192.0.2.5. It names the targets of tgt, also the one
// that tgt does not show on the first cable, to the host of the examples alone, and does
// not tell its discovery domain.
func (l *lab) serveISNS(t *testing.T) {
	t.Helper()
	access := []isnstest.Access{{Portal: netip.MustParseAddrPort("192.0.2.10:3260"), Group: 1}}
	var db isnstest.Database
	members := []string{initiatorName}
	for _, name := range []string{disk1, disk2, vault} {
		db.Nodes = append(db.Nodes, isnstest.Node{Name: name, Access: access})
		members = append(members, name)
	}
	db.Domains = []isnstest.Domain{{ID: 1, Name: "lab", Members: members}}
	err := l.array.Do(func() error {
		isnstest.ListenOn(t, "192.0.2.5:3205", isnstest.Config{Database: db, Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
			if b, ok := q.Body.(*isns.DevAttrQry); ok && b.Key[0].Tag == isns.TagDDID {
				r.Payload = isnstest.Attributes(b.Key[0], isns.Empty(isns.TagDelimiter))
			}
		}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (l *lab) listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	ln, err := l.array.Listen(context.Background(), netip.AddrPortFrom(netip.MustParseAddr(addr), iscsiPort))
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// accept serves connections, one after the other, which are closed at the end of the test.
func accept(t *testing.T, ln net.Listener, serve func(net.Conn)) {
	t.Helper()
	done := make(chan []net.Conn)
	go func() {
		var open []net.Conn
		for {
			c, err := ln.Accept()
			if err != nil {
				done <- open
				return
			}
			open = append(open, c)
			serve(c)
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		for _, c := range <-done {
			c.Close()
		}
	})
}

// labEvents are what can happen in the lab before a block.
var labEvents = map[string]func(*testing.T, *lab){
	"disk2 removed":       func(t *testing.T, l *lab) { t.Helper(); l.tgt.Remove(t, disk2) },
	"disk2 added":         func(t *testing.T, l *lab) { t.Helper(); l.tgt.Add(t, []string{disk2}, nil, false) },
	"array stopped":       func(t *testing.T, l *lab) { t.Helper(); l.tgt.Stop() },
	"no name of the host": func(t *testing.T, l *lab) { t.Helper(); l.iscsi = t.TempDir() },
	"name for root": func(t *testing.T, l *lab) {
		t.Helper()
		if err := os.Chmod(filepath.Join(l.iscsi, "initiatorname.iscsi"), 0o600); err != nil {
			t.Fatal(err)
		}
	},
	"name for all": func(t *testing.T, l *lab) {
		t.Helper()
		if err := os.Chmod(filepath.Join(l.iscsi, "initiatorname.iscsi"), 0o644); err != nil { //nolint:gosec // all may know it
			t.Fatal(err)
		}
	},
	"etcd started": func(t *testing.T, l *lab) {
		t.Helper()
		at := netip.MustParseAddr("192.0.2.6")
		l.array.AddAddress(t, "eth0", netip.PrefixFrom(at, 24))
		etcdtest.StartCluster(t, etcdtest.Options{}, etcdtest.Place{Namespace: l.array, Address: at, Port: 2379})
	},
	"eth1 down": func(t *testing.T, l *lab) { t.Helper(); l.host.Down(t, "eth1") },
}
