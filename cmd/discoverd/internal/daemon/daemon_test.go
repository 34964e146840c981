package daemon

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

var twoTargets = &iscsitest.Target{Records: []iscsitest.Record{
	{Name: "iqn.2026-11.example:a", Addresses: []string{"192.0.2.7:3260,1"}}, {Name: "iqn.2026-11.example:b"},
}}

// TestDaemon: portals are asked, and all doors tell what came of it.
func TestDaemon(t *testing.T) {
	t.Parallel()
	server := iscsitest.Listen(t, twoTargets)
	h := newHouse(t)
	h.add(server, "array", login.Options{})
	h.start()
	at := server.Addr.String()
	h.hasLine("/metrics", `iscsi_discovery_up{instance="",port="all",portal="`+at+`"} 1`)
	h.hasLine("/metrics", `iscsi_discovery_targets{instance="",port="all",portal="`+at+`"} 2`)
	h.hasLine("/metrics", `iscsi_discovery_registry_targets{state="seen"} 2`)
	h.hasLine("/-/healthy", "healthy")
	h.hasLine("/-/ready", "ready")
	for path, want := range map[string]string{
		"/metrics":                            "discoverd_build_info{",
		"/probe?target=" + at:                 "probe_success 1\n",
		"/probe?module=array&target=" + at:    "probe_iscsi_targets 2\n",
		"/sd":                                 `{"targets":["192.0.2.7:3260"],"labels":{"__meta_iscsi_advertised":"true","__meta_iscsi_entry":"false","__meta_iscsi_groups":",1,","__meta_iscsi_targets":"1"}}`,
		"/api/v1/targets":                     `{"name":"iqn.2026-11.example:a",`,
		"/api/v1/portals":                     `"symbolic_name":"array"`,
		"/api/v1/paths":                       `"portal":"` + at + `"`,
		"/api/v1/events":                      `"type":"snapshot"`,
		"/":                                   at,
		"/targets":                            "iqn.2026-11.example:a",
		"/probe?target=" + at + "&debug=true": "SendTargets=All",
	} {
		code, body := h.get(path)
		if code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: got %d, and no %q in\n%.2000s", path, code, want, body)
		}
	}
	if _, body := h.get("/metrics"); strings.Contains(body, "iqn.") {
		t.Error("the name of a target is in the metrics")
	}
	if status := h.stop(); status != exit.OK {
		t.Errorf("got exit status %d", status)
	}
}

// TestDoors: other methods, other names and what is not there are refused.
func TestDoors(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.start("--host", "monitor.example")
	for _, tt := range []struct {
		method, path, host string
		want               int
	}{
		{"GET", "/metrics", "", 200}, {"HEAD", "/metrics", "", 200}, {"HEAD", "/api/v1/events", "", 200},
		{"POST", "/metrics", "", 405}, {"DELETE", "/api/v1/portals", "", 405}, {"GET", "/-/reload", "", 405}, {"POST", "/-/reload", "", 200},
		{"GET", "/nothing", "", 404}, {"GET", "/api/v1/nothing", "", 404}, {"GET", "/metrics", "evil.example", 421}, {"GET", "/metrics", "evil.example:9876", 421},
		{"GET", "/metrics", "localhost:1", 200}, {"GET", "/metrics", "MONITOR.example.", 200}, {"GET", "/metrics", "[::1]:9876", 200}, {"GET", "/metrics", "192.0.2.1", 421},
		{"POST", "/-/reload", "evil.example", 421},
	} {
		code, body := h.do(tt.method, tt.path, func(r *http.Request) { r.Host = tt.host })
		if code != tt.want {
			t.Errorf("%s %s %s: got %d %.100s, want %d", tt.method, tt.path, tt.host, code, body, tt.want)
		}
	}
	code, _ := h.do("POST", "/-/reload", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") })
	if code != http.StatusForbidden {
		t.Errorf("a page of another site reloads: got %d", code)
	}
	code, _ = h.do("GET", "/metrics", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), 1 })
	if code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body is taken: got %d", code)
	}
}

// TestReload: a portal that is added is asked after SIGHUP, and one that is removed leaves
// no series.
func TestReload(t *testing.T) {
	t.Parallel()
	server := iscsitest.Listen(t, twoTargets)
	h := newHouse(t)
	h.start("--every", "1h")
	h.hasLine("/-/ready", "ready")
	h.hasLine("/metrics", "iscsi_discovery_registry_portals 0")
	h.add(server, "", login.Options{})
	h.reload <- os.Interrupt
	h.hasLine("/metrics", "iscsi_discovery_registry_portals 1")
	h.hasLine("/metrics", `iscsi_discovery_changes_total{portal="`+server.Addr.String()+`",type="portal-added"} 1`)
	h.with(func(s *registry.Service) {
		key := initiator.Key{Portal: initiator.Portal{Address: "127.0.0.1", Port: server.Addr.Port()}}
		if err := s.RemoveSendTargetPortal(t.Context(), key); err != nil {
			t.Error(err)
		}
	})
	if code, body := h.do("POST", "/-/reload", nil); code != http.StatusOK {
		t.Errorf("got %d %s", code, body)
	}
	h.until("the series are gone", func() bool {
		_, body := h.get("/metrics")
		return !strings.Contains(body, server.Addr.String())
	})
}

// TestRegistryGone: a registry that goes, or is damaged, is told, and the daemon goes on
// when it is back.
func TestRegistryGone(t *testing.T) {
	t.Parallel()
	server := iscsitest.Listen(t, twoTargets)
	h := newHouse(t)
	h.add(server, "", login.Options{})
	h.start()
	up := `iscsi_discovery_up{instance="",port="all",portal="` + server.Addr.String() + `"} 1`
	h.hasLine("/metrics", up)
	h.hasLine("/-/ready", "ready")
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Rename(h.registry+end, filepath.Join(h.dir, "away.db")+end)
	}
	for _, damage := range []string{"", "no registry"} {
		if damage != "" {
			if err := os.WriteFile(h.registry, []byte(damage), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if code, body := h.do("POST", "/-/reload", nil); code != http.StatusOK {
			t.Errorf("got %d %s", code, body)
		}
		h.hasLine("/metrics", "iscsi_discovery_registry_up 0")
		if code, _ := h.get("/-/ready"); code != http.StatusServiceUnavailable {
			t.Errorf("ready: got %d", code)
		}
		if code, _ := h.get("/-/healthy"); code != http.StatusOK {
			t.Errorf("healthy: got %d", code)
		}
		for _, path := range []string{"/sd", "/api/v1/portals", "/api/v1/targets", "/api/v1/paths"} {
			if code, body := h.get(path); code != http.StatusServiceUnavailable {
				t.Errorf("%s: got %d %s", path, code, body)
			}
		}
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Rename(filepath.Join(h.dir, "away.db")+end, h.registry+end)
	}
	h.hasLine("/metrics", "iscsi_discovery_registry_up 1")
	h.hasLine("/metrics", up)
	h.hasLine("/-/ready", "ready")
}

// TestNoRegistry: a daemon may be started before its registry is made.
func TestNoRegistry(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if err := os.Rename(h.registry, h.registry+".later"); err != nil {
		t.Fatal(err)
	}
	h.start()
	h.hasLine("/metrics", "iscsi_discovery_registry_up 0")
	if err := os.Rename(h.registry+".later", h.registry); err != nil {
		t.Fatal(err)
	}
	h.hasLine("/-/ready", "ready")
}
