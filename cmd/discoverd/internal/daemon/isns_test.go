package daemon

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/isnstest"
)

const (
	isnsDisk  = "iqn.2026-11.com.example:disk"
	isnsVault = "iqn.2026-11.com.example:vault"
)

// addISNS puts an iSNS server into the registry.
func (h *house) addISNS(s *isnstest.Server) {
	h.t.Helper()
	h.with(func(r *registry.Service) {
		v := registry.ISNSServer{Address: initiator.Portal{Address: s.Addr.Addr().String(), Port: s.Addr.Port()}}
		if _, err := r.AddISNSServer(h.t.Context(), v); err != nil {
			h.t.Fatal(err)
		}
	})
}

// TestISNSNotify: a notice becomes an event at once, and at the end nothing of ours is
// registered.
func TestISNSNotify(t *testing.T) {
	t.Parallel()
	s := isnstest.Listen(t, isnstest.Config{Database: isnstest.Targets(isnsDisk)})
	h := newHouse(t)
	h.addISNS(s)
	h.start("--isns-notify", "127.0.0.1", "--every", "1h")
	at := s.Addr.String()
	h.hasLine("/metrics", `iscsi_discovery_isns_registered{server="`+at+`"} 1`)
	h.hasLine("/metrics", `iscsi_discovery_isns_up{server="`+at+`"} 1`)
	h.hasLine("/metrics", `iscsi_discovery_isns_targets{server="`+at+`"} 1`)
	s.Change(func(d *isnstest.Database) { d.Nodes = append(d.Nodes, isnstest.Targets(isnsVault).Nodes...) })
	if told, err := s.Notify(t.Context(), isns.SCNAdded, isnsVault); told != 1 || err != nil {
		t.Fatalf("got %d, %v, want one notice that is answered", told, err)
	}
	h.until("the event", func() bool {
		_, body := h.get("/api/v1/events")
		return strings.Contains(body, `"type":"target-appeared","isns_server":"`+at+`"`) && strings.Contains(body, isnsVault)
	})
	h.hasLine("/metrics", `iscsi_discovery_isns_notices_total{server="`+at+`"} 1`)
	h.hasLine("/metrics", `iscsi_discovery_isns_changes_total{server="`+at+`",type="target-appeared"} 1`)
	if _, body := h.get("/api/v1/isns"); !strings.Contains(body, `{"server":"`+at+`",`) {
		t.Errorf("/api/v1/isns: got %s, and no %s", body, at)
	}
	if _, body := h.get("/events"); !strings.Contains(body, "iSNS server "+at) {
		t.Errorf("the page says nothing of iSNS server %s", at)
	}
	if status := h.stop(); status != exit.OK {
		t.Errorf("got exit status %d", status)
	}
	all := s.Requests()
	if last := all[len(all)-1].Function; last != isns.FuncDevDereg {
		t.Errorf("the last request is %s, want %s", last, isns.FuncDevDereg)
	}
	s.Change(func(d *isnstest.Database) {
		if len(d.Nodes) != 2 {
			t.Errorf("got %+v, want the targets alone", d.Nodes)
		}
	})
}

// TestISNSRemoved: a server that is removed from the registry is left, and has no series
// any more.
func TestISNSRemoved(t *testing.T) {
	t.Parallel()
	s := isnstest.Listen(t, isnstest.Config{})
	h := newHouse(t)
	h.addISNS(s)
	h.start("--isns-notify", "127.0.0.1:0")
	h.hasLine("/metrics", `iscsi_discovery_isns_registered{server="`+s.Addr.String()+`"} 1`)
	h.with(func(r *registry.Service) {
		if err := r.RemoveISNSServer(t.Context(), initiator.Portal{Address: s.Addr.Addr().String(), Port: s.Addr.Port()}); err != nil {
			t.Error(err)
		}
	})
	h.until("we are deregistered", func() bool {
		all := s.Requests()
		return all[len(all)-1].Function == isns.FuncDevDereg
	})
	h.until("the series are gone", func() bool {
		_, body := h.get("/metrics")
		return !strings.Contains(body, s.Addr.String())
	})
}

// TestISNSRounds: without the flag an iSNS server is asked in each interval, and nothing is
// written to it; what changed is told.
func TestISNSRounds(t *testing.T) {
	t.Parallel()
	s := isnstest.Listen(t, isnstest.Config{Database: isnstest.Targets(isnsDisk)})
	h := newHouse(t)
	h.addISNS(s)
	h.start()
	h.hasLine("/metrics", `iscsi_discovery_isns_up{server="`+s.Addr.String()+`"} 1`)
	s.Change(func(d *isnstest.Database) { d.Nodes = append(d.Nodes, isnstest.Targets(isnsVault).Nodes...) })
	h.hasLine("/metrics", `iscsi_discovery_isns_changes_total{server="`+s.Addr.String()+`",type="target-appeared"} 1`)
	if _, body := h.get("/metrics"); strings.Contains(body, "isns_registered{") {
		t.Error("there is a metric of registrations")
	}
	h.stop()
	for _, q := range s.Requests() {
		if q.Function != isns.FuncDevAttrQry {
			t.Errorf("got %s, want nothing but %s", q.Function, isns.FuncDevAttrQry)
		}
	}
}

// TestISNSDown: a server that does not answer is told, with -v too.
func TestISNSDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.with(func(r *registry.Service) {
		_, _ = r.AddISNSServer(t.Context(), registry.ISNSServer{Address: initiator.Portal{Address: "127.0.0.1", Port: 1}})
	})
	h.start("--isns-notify", "127.0.0.1")
	h.hasLine("/metrics", `iscsi_discovery_isns_up{server="127.0.0.1:1"} 0`)
	h.hasLine("/metrics", `iscsi_discovery_isns_registered{server="127.0.0.1:1"} 0`)
	h.until("the failures are told", func() bool {
		s := h.stderr.String()
		return strings.Contains(s, "iSNS server 127.0.0.1:1: not registered for its notices: connect to iSNS server 127.0.0.1:1") && strings.Contains(s, "iSNS server done")
	})
}

// TestISNSNotifyRefused: an address that a server could not send to is a usage error, and
// one that is not of this host ends the daemon.
func TestISNSNotifyRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		address string
		want    int
	}{
		{"0.0.0.0", exit.Usage}, {"[::]:3205", exit.Usage}, {"224.0.0.1", exit.Usage}, {"host", exit.Usage},
		{"fe80::1%lo", exit.Usage}, {"192.0.2.77", exit.Failed},
	} {
		h := newHouse(t)
		env := machine.Real()
		env.Stdout, env.Stderr = &h.stdout, &h.stderr
		got := Run(t.Context(), []string{"--registry", h.registry, "--listen", "127.0.0.1:0", "--isns-notify", tt.address, "--initiator-name", "iqn.2026-11.example:i"}, env, nil)
		if got != tt.want {
			t.Errorf("%s: got exit status %d, want %d\n%s", tt.address, got, tt.want, &h.stderr)
		}
	}
}
