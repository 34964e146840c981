package fleet

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/etcdtest"
	"github.com/go-iscsi/discovery/test/netns"
)

// A host runs discoverd. It has a cable by which it reaches etcd, and one for its storage.
type host struct {
	*netns.Namespace
	name            string
	lead            bool
	clock           string        // the file that says by how much its clock is off; empty: it is right
	off             time.Duration // and by how much that is
	manage, storage *cable
	certificate     etcdtest.Certificate
	registry        string
	said            text // by discoverd on standard error
	process         *netns.Process
	client          *http.Client
}

// storageNetwork are the arrays.
var storageNetwork = netip.MustParsePrefix("198.18.96.0/19")

// newHost returns a host whose discoverd does not run yet.
func (l *lab) newHost(t *testing.T, name string) *host {
	t.Helper()
	h := &host{Namespace: netns.New(t), name: name, registry: filepath.Join(t.TempDir(), "registry.db")}
	h.manage, h.storage = l.wire.lay(t, h.Namespace, "eth0"), l.wire.lay(t, h.Namespace, "eth1")
	h.manage.lead(t, netip.Prefix{})
	h.client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, DialContext: h.DialContext}}
	return h
}

// start starts discoverd.
func (h *host) start(t *testing.T, l *lab) {
	t.Helper()
	program := "discoverd"
	if h.clock != "" {
		program = skewed
	}
	args := append([]string{
		"--fleet", fleetName, "--fleet-host", h.name, "--every", "1s", "--registry", h.registry, "--listen", "127.0.0.1:9876",
		"--initiator-name", "iqn.2026-11.com.example:" + h.name, "--connect-timeout", "3s",
	}, l.etcdFlags(h.certificate)...)
	if h.lead {
		args = append(args, "--fleet-lead")
	}
	cmd := exec.Command(filepath.Join(binDir, program), args...)
	cmd.Dir = filepath.Dir(h.registry)
	cmd.Env = []string{"PATH=/nowhere", skewVariable + "=" + h.clock}
	cmd.Stderr = &h.said
	var err error
	if h.process, err = h.Start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.process.Kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", h.name, h.said.String())
		}
	})
	h.awaitSaid(t, 0, "connected to the fleet "+fleetName+" as host "+h.name)
}

// awaitSaid waits until discoverd has said a text after some bytes.
func (h *host) awaitSaid(t *testing.T, after int, want string) {
	t.Helper()
	until(t, fmt.Sprintf("%s says %q", h.name, want), func() string {
		said := h.said.String()[after:]
		switch {
		case strings.Contains(said, want):
			return ""
		case h.process.Ended():
			t.Fatalf("discoverd of %s has ended:\n%s", h.name, said)
		}
		return strconv.Quote(said)
	})
}

// stop ends discoverd in order.
func (h *host) stop(t *testing.T) {
	t.Helper()
	if err := h.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := h.process.Wait(); err != nil {
		t.Errorf("discoverd of %s: %v", h.name, err)
	}
}

// get asks discoverd, and returns the status and the text of its answer.
func (h *host) get(t *testing.T, path string) (int, string) {
	t.Helper()
	r, err := h.client.Get("http://127.0.0.1:9876" + path)
	if err != nil {
		t.Fatalf("%s: %v", h.name, err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatalf("%s: %s: %v", h.name, path, err)
	}
	return r.StatusCode, string(b)
}

// api returns what discoverd tells of the fleet: hosts, paths, diff or events.
func (h *host) api(t *testing.T, what string) answer {
	t.Helper()
	status, b := h.get(t, "/api/v1/fleet/"+what)
	if status != http.StatusOK {
		t.Fatalf("%s: %s: status %d: %s", h.name, what, status, b)
	}
	return parse(t, b)
}

// metric returns a metric, summed over its labels.
func (h *host) metric(t *testing.T, name string) (sum float64) {
	t.Helper()
	_, b := h.get(t, "/metrics")
	found := false
	for line := range strings.Lines(b) {
		series, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if series, _, _ = strings.Cut(series, "{"); series != "iscsi_discovery_"+name {
			continue
		}
		f, err := strconv.ParseFloat(value[strings.LastIndex(value, " ")+1:], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += f
		found = true
	}
	if !found {
		t.Fatalf("%s has no metric %s", h.name, name)
	}
	return sum
}
