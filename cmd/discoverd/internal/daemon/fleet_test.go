package daemon

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/test/etcdtest"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

func TestMain(m *testing.M) { os.Exit(etcdtest.Main(m)) }

// inFleet starts a daemon in a fleet.
func (h *house) inFleet(server *etcdtest.Server, keys fleet.Keys, host string, args ...string) {
	h.t.Helper()
	h.start(slices.Concat([]string{"--fleet", fleettest.Name(keys), "--etcd", server.URL(), "--fleet-host", host, "--initiator-name", "iqn.2026-11.example:" + host}, args)...)
}

// hasText waits until an answer has a text.
func (h *house) hasText(path, text string) {
	h.t.Helper()
	last := ""
	h.until(path+" has "+text, func() bool {
		_, last = h.get(path)
		return strings.Contains(last, text)
	})
}

// TestFleet: a portal of the fleet's configuration comes into the registry of each host, all
// publish what they see, the one that leads copies the list, and the page, the API and the
// metrics tell it.
func TestFleet(t *testing.T) {
	t.Parallel()
	server := etcdtest.Shared(t, etcdtest.Built)
	client := server.Client(t)
	array := iscsitest.Listen(t, twoTargets)
	at := array.Addr.String()
	keys := fleettest.Keys(t, "lab")
	p := fleet.Portal{Address: "127.0.0.1", TCPPort: array.Addr.Port()}
	fleettest.Put(t, client, keys.Portal(p.Key().Portal), string(p.Encode()))

	one, two := newHouse(t), newHouse(t)
	two.add(array, "own", login.Options{}) // which stays as it is
	one.inFleet(server, keys, "one", "--fleet-lead")
	two.inFleet(server, keys, "two")
	for _, h := range []*house{one, two} {
		h.hasLine("/metrics", "iscsi_discovery_fleet_connected 1")
		h.hasLine("/metrics", "iscsi_discovery_fleet_published_paths 1")
		h.hasLine("/metrics", "iscsi_discovery_fleet_waiting_changes 0")
		h.hasLine("/-/ready", "ready")
	}
	one.hasLine("/metrics", "iscsi_discovery_fleet_leader 1")
	one.hasLine("/metrics", "iscsi_discovery_fleet_copied_answers 1")
	one.hasLine("/metrics", "iscsi_discovery_fleet_lacking_answers 0")
	two.hasLine("/metrics", "iscsi_discovery_fleet_leader 0")
	two.hasText("/api/v1/fleet/hosts", `{"host":"two","state":"up"`)
	two.hasText("/api/v1/fleet/hosts", `"leader":"one"`)
	two.hasText("/api/v1/fleet/paths", `{"portal":"`+at+`","desired":true,"hosts":2,"failing":0,"groups":[{"up":true,"hosts":2,`)
	two.hasText("/api/v1/fleet/diff", `"differences":[]`)
	two.hasText("/fleet", "2 of 2")
	two.hasText("/", `<a href="/fleet">Fleet</a>`)
	two.with(func(s *registry.Service) {
		for p, err := range s.SendTargetPortals(t.Context()) {
			if err != nil || p.Portal.SymbolicName != "own" {
				t.Errorf("got %v, %v; want the host's own entry as it was", p, err)
			}
		}
	})

	if status := one.stop(); status != exit.OK {
		t.Errorf("got exit status %d", status)
	}
	two.hasText("/api/v1/fleet/events", `"type":"host-silent","host":"one"`)
	two.hasText("/api/v1/fleet/hosts", `"leader":""`)
	two.hasText("/fleet", "no host leads the fleet")
	if !strings.Contains(two.stderr.String(), "connected to the fleet "+fleettest.Name(keys)+" as host two") {
		t.Errorf("standard error does not tell the connection:\n%s", two.stderr.String())
	}

	if _, err := client.Delete(t.Context(), keys.Portal(p.Key().Portal)); err != nil {
		t.Fatal(err)
	}
	two.hasText("/api/v1/fleet/paths", `"desired":false,"hosts":1`)
}

// TestFleetTakesBack: an entry that the fleet made goes when its configuration does not have
// it any more.
func TestFleetTakesBack(t *testing.T) {
	t.Parallel()
	server := etcdtest.Shared(t, etcdtest.Built)
	client := server.Client(t)
	array := iscsitest.Listen(t, twoTargets)
	keys := fleettest.Keys(t, "lab")
	p := fleet.Portal{Address: "127.0.0.1", TCPPort: array.Addr.Port()}
	key := keys.Portal(p.Key().Portal)
	fleettest.Put(t, client, key, string(p.Encode()))
	h := newHouse(t)
	h.inFleet(server, keys, "one")
	h.hasLine("/metrics", "iscsi_discovery_registry_portals 1")
	if _, err := client.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	h.hasLine("/metrics", "iscsi_discovery_registry_portals 0")
	h.hasLine("/metrics", "iscsi_discovery_fleet_published_paths 0")
}

// TestFleetOwnCredential: a login template does not have discoverd answer a portal with the
// passphrase of its registry or its password at etcd, though these are credentials of its unit.
func TestFleetOwnCredential(t *testing.T) {
	t.Parallel()
	server, keys := etcdtest.Shared(t, etcdtest.Built), fleettest.Keys(t, "lab")
	client, array := server.Client(t), iscsitest.Listen(t, twoTargets)
	h := newHouse(t)
	h.variables = map[string]string{"CREDENTIALS_DIRECTORY": h.dir}
	for i, name := range []string{"passphrase", "password"} {
		if err := os.WriteFile(filepath.Join(h.dir, name), []byte("a secret of the host\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		l := fleet.Login{Name: name, User: "u", Secret: "cred:" + name}
		p := fleet.Portal{Address: fmt.Sprintf("127.0.0.%d", 1+i), TCPPort: array.Addr.Port(), Login: l.Name}
		fleettest.Put(t, client, keys.Login(l.Name), string(l.Encode()))
		fleettest.Put(t, client, keys.Portal(p.Key().Portal), string(p.Encode()))
	}
	h.inFleet(server, keys, "one", "--key", "file:"+filepath.Join(h.dir, "passphrase"), "--etcd-user", "u", "--etcd-password", "cred:password")
	h.says("login template passphrase: the credential cred:passphrase is one of discoverd itself")
	h.says("login template password: the credential cred:password is one of discoverd itself")
	h.hasLine("/metrics", "iscsi_discovery_registry_portals 0")
}

// TestFleetAway: without etcd discoverd works by itself, says so once, and joins the fleet
// when etcd is there.
func TestFleetAway(t *testing.T) {
	t.Parallel()
	server, keys := etcdtest.Start(t, etcdtest.Options{}), fleettest.Keys(t, "lab")
	server.Kill()
	array := iscsitest.Listen(t, twoTargets)
	h := newHouse(t)
	h.add(array, "", login.Options{})
	h.inFleet(server, keys, "one")
	h.hasLine("/-/ready", "ready")
	h.hasLine("/metrics", `iscsi_discovery_up{instance="",port="all",portal="`+array.Addr.String()+`"} 1`)
	h.hasLine("/metrics", "iscsi_discovery_fleet_connected 0")
	h.until("the failure is said", func() bool {
		return strings.Contains(h.stderr.String(), "discoverd goes on by itself and tries again")
	})
	if code, body := h.get("/api/v1/fleet/hosts"); code != http.StatusServiceUnavailable {
		t.Errorf("got %d %s, want 503", code, body)
	}
	if code, _ := h.get("/fleet"); code != http.StatusServiceUnavailable {
		t.Errorf("the page: got %d, want 503", code)
	}
	server.Start(t)
	server.AwaitHealthy(t)
	h.hasLine("/metrics", "iscsi_discovery_fleet_connected 1")
	h.hasLine("/metrics", "iscsi_discovery_fleet_published_paths 1")
}

// TestFleetID: the registry keeps the ID that tells two hosts of one name apart.
func TestFleetID(t *testing.T) {
	t.Parallel()
	server, keys := etcdtest.Shared(t, etcdtest.Built), fleettest.Keys(t, "lab")
	client := server.Client(t)
	info := func() *fleet.Info {
		got, err := client.Get(t.Context(), keys.Info("one"))
		if err != nil || len(got.Kvs) != 1 {
			t.Fatalf("got %v, %v", got, err)
		}
		i, err := fleet.DecodeInfo("one", got.Kvs[0].Value)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	h := newHouse(t)
	h.inFleet(server, keys, "one")
	h.hasLine("/metrics", "iscsi_discovery_fleet_connected 1")
	first := info()
	if first.ID == "" || first.InitiatorName != "iqn.2026-11.example:one" || first.Every != 1 || len(first.Ports) == 0 {
		t.Errorf("got %+v", first)
	}
	h.with(func(s *registry.Service) {
		if err := s.SetInitiatorNodeName(t.Context(), "iqn.2026-11.example:stored"); err != nil {
			t.Fatal(err)
		}
	})
	h.until("the name of the registry is published", func() bool { return info().InitiatorName == "iqn.2026-11.example:stored" })
	twin := newHouse(t)
	twin.inFleet(server, keys, "one")
	twin.until("the other host of that name is told", func() bool {
		return strings.Contains(twin.stderr.String(), "host name one is taken in the fleet")
	})
	h.stop()
	again := &house{t: t, dir: h.dir, registry: h.registry, reload: h.reload, ended: make(chan int, 1)}
	twin.stop()
	again.inFleet(server, keys, "one")
	again.hasLine("/metrics", "iscsi_discovery_fleet_connected 1")
	if got := info().ID; got != first.ID {
		t.Errorf("got ID %s, want %s as before the restart", got, first.ID)
	}
}

// TestFleetUsage: what is wrong about the flags of a fleet is said in one line.
func TestFleetUsage(t *testing.T) {
	t.Parallel()
	etcd := []string{"--etcd", "http://127.0.0.1:1"}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--fleet-lead"}, "--fleet-lead needs --fleet NAME as well"},
		{[]string{"--fleet-host", "a"}, "--fleet-host needs --fleet NAME as well"},
		{etcd, "--etcd needs --fleet NAME as well"},
		{[]string{"--etcd-user", "x"}, "--etcd-user needs --fleet NAME as well"},
		{[]string{"--fleet", "lab"}, "--etcd is missing"},
		{append([]string{"--fleet", "Lab/x"}, etcd...), "expected a-z, 0-9"},
		{append([]string{"--fleet", "lab", "--fleet-host", "Host"}, etcd...), "--fleet-host: host name"},
		{append([]string{"--fleet", "lab", "--etcd-password", "the-secret-itself"}, etcd...), "the secret itself is not accepted here"},
		{append([]string{"--fleet", "lab", "--etcd-password", "prompt", "--etcd-user", "x"}, etcd...), "nobody can be asked here"},
		{append([]string{"--fleet", "lab", "--etcd-user", "x"}, etcd...), "--etcd-user needs --etcd-password"},
		{append([]string{"--fleet", "lab", "--etcd-cert", "x"}, etcd...), "--etcd-cert and --etcd-key go together"},
		{[]string{"--fleet", "lab", "--etcd", "ftp://x"}, "an endpoint is a URL"},
	} {
		env := machine.Real()
		env.LookupEnv = func(string) (string, bool) { return "", false }
		var stdout, stderr bytes.Buffer
		env.Stdout, env.Stderr = &stdout, &stderr
		args := append([]string{"--registry", t.TempDir() + "/r.db", "--listen", "127.0.0.1:0", "--initiator-name", "iqn.2026-11.example:i"}, tt.args...)
		if status := Run(t.Context(), args, env, nil); status != exit.Usage {
			t.Errorf("%q: got exit status %d", tt.args, status)
		}
		if line := stderr.String(); !strings.HasPrefix(line, "discoverd: ") || strings.Count(line, "\n") != 1 || strings.Contains(line, "the-secret-itself") || !strings.Contains(line, tt.want) {
			t.Errorf("%q: got %q, want %q", tt.args, line, tt.want)
		}
	}
}
