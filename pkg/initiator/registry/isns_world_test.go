package registry_test

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// serverAddr is where the iSNS server of a test answers.
const serverAddr = "192.0.2.205:3205"

// serverPortal is the server as callers name it.
var serverPortal = initiator.Portal{Address: "192.0.2.205"}

// iSNSMechanism is the mechanism of the server.
const iSNSMechanism = "iSNS:*192.0.2.205 0003205 "

// newISNSWorld returns a world in which there is an iSNS server as well.
func newISNSWorld(t *testing.T, cfg isnstest.Config, change ...func(*registry.Config)) (*world, *isnstest.Server) {
	t.Helper()
	server := isnstest.New(t, serverAddr, cfg)
	w := newWorld(t, append(change, func(c *registry.Config) {
		dial := c.Discoverer.Dial
		c.Discoverer.Dial = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
			if dst == server.Addr {
				return server.Dial(ctx, source, dst)
			}
			return dial(ctx, source, dst)
		}
	})...)
	return w, server
}

// addServer adds the server, which has to answer.
func (w *world) addServer() registry.ISNSResult {
	w.t.Helper()
	r, err := w.AddISNSServer(w.t.Context(), registry.ISNSServer{Address: serverPortal})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// refreshServer asks the server again after an hour; it has to answer.
func (w *world) refreshServer() registry.ISNSResult {
	w.t.Helper()
	w.clock = w.clock.Add(time.Hour)
	r, err := w.RefreshISNSServer(w.t.Context(), serverPortal)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// servers returns the iSNS servers of the registry.
func (w *world) servers() []registry.StoredISNSServer {
	w.t.Helper()
	return collect(w.t, w.ISNSServers(w.t.Context()))
}

// changeServer makes the server have these targets.
func changeServer(server *isnstest.Server, names ...string) {
	server.Change(func(d *isnstest.Database) { *d = isnstest.Targets(names...) })
}

// asker returns the name that a query was asked under.
func asker(q isnstest.Request) string {
	if b, ok := q.Body.(*isns.DevAttrQry); ok {
		return b.Source
	}
	return ""
}
