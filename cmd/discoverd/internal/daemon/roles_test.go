package daemon

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// guide is the page whose commands make users and roles.
const guide = "../../../../docs/guide/fleet.md"

// shellBlock finds the commands of the guide for etcdctl.
var shellBlock = regexp.MustCompile("(?s)```sh\n([^`]*etcdctl role add[^`]*)```")

// A protected is an etcd with TLS and the users that the guide makes.
type protected struct {
	server    *etcdtest.Server
	authority *etcdtest.Authority
}

// newProtected runs the guide's commands as they are written, with Debian's etcdctl. The one
// that enables authentication is the last of all.
func newProtected(t *testing.T, kind etcdtest.Kind) *protected {
	t.Helper()
	program := need.Program(t, "etcdctl")
	page, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	p := &protected{authority: etcdtest.NewAuthority(t)}
	p.server = etcdtest.Start(t, etcdtest.Options{Kind: kind, TLS: p.authority})
	const enable = "etcdctl auth enable\n"
	script, n := "set -eu\n", 0
	for _, m := range shellBlock.FindAllStringSubmatch(string(page), -1) {
		script += strings.ReplaceAll(m[1], enable, "")
		n++
	}
	if n != 2 {
		t.Fatalf("%s has %d blocks of commands for etcdctl, want that of the fleet and that of the pair", guide, n)
	}
	cert := p.authority.Issue(t, etcdtest.Request{})
	cmd := exec.Command("sh", "-c", script+enable)
	cmd.Env = []string{
		"PATH=" + strings.TrimSuffix(program, "/etcdctl") + ":" + os.Getenv("PATH"), "ETCDCTL_API=3",
		"ETCDCTL_ENDPOINTS=" + p.server.URL(), "ETCDCTL_CACERT=" + p.authority.File, "ETCDCTL_CERT=" + cert.Cert, "ETCDCTL_KEY=" + cert.Key,
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the commands of %s: %v\n%s", guide, err, out)
	}
	return p
}

// args returns the flags by which the user of a certificate reaches etcd.
func (p *protected) args(t *testing.T, user string) []string {
	t.Helper()
	c := p.authority.Issue(t, etcdtest.Request{Name: user})
	return []string{"--etcd", p.server.URL(), "--etcd-cacert", p.authority.File, "--etcd-cert", c.Cert, "--etcd-key", c.Key}
}

// client returns a client of a user. One with a password shows a certificate without a name.
func (p *protected) client(t *testing.T, user, password string) *clientv3.Client {
	t.Helper()
	cfg := etcd.Config{Endpoints: []string{p.server.URL()}, CACert: p.authority.File}
	name := user
	if password != "" {
		cfg.User, cfg.Password, name = user, auth.NewSecret([]byte(password)), ""
	}
	c := p.authority.Issue(t, etcdtest.Request{Name: name})
	cfg.Cert, cfg.Key = c.Cert, c.Key
	client, err := etcd.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// TestRoles: with the users and roles that the guide makes, a fleet and a pair work, and
// nobody can write what is another's.
func TestRoles(t *testing.T) {
	t.Parallel()
	for _, kind := range etcdtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			p := newProtected(t, kind)
			testRolesOfFleet(t, p)
			testRolesOfPair(t, p)
			testDeniedMember(t, p)
			testRefused(t, p)
			testSaid(t, p)
		})
	}
}

// testRolesOfFleet: a host that may lead, one that may not, and the administrator.
func testRolesOfFleet(t *testing.T, p *protected) {
	array := iscsitest.Listen(t, twoTargets)
	keys, err := fleet.NewKeys("prod")
	if err != nil {
		t.Fatal(err)
	}
	portal := fleet.Portal{Address: "127.0.0.1", TCPPort: array.Addr.Port()}
	fleettest.Put(t, p.client(t, "admin", "PASSWORD"), keys.Portal(portal.Key().Portal), string(portal.Encode()))
	one, two := newHouse(t), newHouse(t)
	one.start(append(p.args(t, "db1"), "--fleet", "prod", "--fleet-host", "db1", "--fleet-lead")...)
	two.start(append(p.args(t, "db2"), "--fleet", "prod", "--fleet-host", "db2", "--initiator-name", "iqn.2026-11.example:db2")...)
	one.hasLine("/metrics", "iscsi_discovery_fleet_leader 1")
	for _, h := range []*house{one, two} {
		h.hasLine("/metrics", "iscsi_discovery_fleet_published_paths 1")
	}
	two.hasText("/api/v1/fleet/diff", `"differences":[]`) // the list is read: the leader has copied it
	two.hasText("/api/v1/fleet/hosts", `"leader":"db1"`)
	for _, h := range []*house{one, two} {
		if h.stop(); strings.Contains(h.stderr.String(), "no permission") {
			t.Errorf("a role is not enough:\n%s", h.stderr.String())
		}
	}
}

// testRolesOfPair: both hosts of the pair may keep its registry.
func testRolesOfPair(t *testing.T, p *protected) {
	array := iscsitest.Listen(t, twoTargets)
	one := newPairHouse(t, "etcd:/discover/registry/pair1/")
	one.start(p.args(t, "san1")...)
	one.hasLine("/-/ready", "ready")
	two := newPairHouse(t, "etcd:/discover/registry/pair1/")
	two.start(p.args(t, "san2")...)
	two.hasText("/-/ready", "asks the portals")
	addPortal(t, p.client(t, "san2", ""), "/discover/registry/pair1/", array)
	one.hasLine("/metrics", `iscsi_discovery_up{instance="",port="all",portal="`+array.Addr.String()+`"} 1`)
	one.stop()
	two.hasLine("/metrics", `iscsi_discovery_up{instance="",port="all",portal="`+array.Addr.String()+`"} 1`)
	two.stop()
	if said := one.stderr.String() + two.stderr.String(); strings.Contains(said, "no permission") {
		t.Errorf("a role is not enough:\n%s", said)
	}
}

// testRefused: each user tries all prefixes, and may write those alone that are its own.
func testRefused(t *testing.T, p *protected) {
	const prod, other = "/discover/v1/prod/", "/discover/v1/production/"
	all := []string{
		prod + "host/db1/x", prod + "host/db2/x", prod + "host/db22/x", prod + "view/host/db1", prod + "view/answer/x", prod + "config/portal/x",
		prod + "scan/x", prod + "leader/x", other + "host/db1/x", other + "config/x",
		"/discover/registry/pair1/r/x", "/discover/registry/pair1/leader/x", "/discover/registry/pair11/r/x", "x",
	}
	for _, u := range []struct {
		user, password string
		may            []string
	}{
		{"db1", "", []string{prod + "host/db1/", prod + "view/", prod + "scan/", prod + "leader"}},
		{"db2", "", []string{prod + "host/db2/"}},
		{"admin", "PASSWORD", []string{prod + "config/", prod + "scan/", prod + "view/host/"}},
		{"san1", "", []string{"/discover/registry/pair1/"}},
		{"san2", "", []string{"/discover/registry/pair1/"}},
	} {
		client := p.client(t, u.user, u.password)
		for _, key := range all {
			may := false
			for _, prefix := range u.may {
				may = may || strings.HasPrefix(key, prefix)
			}
			_, putErr := client.Put(t.Context(), key, "x")
			_, deleteErr := client.Delete(t.Context(), key)
			for what, err := range map[string]error{"put": putErr, "delete": deleteErr} {
				if denied := errors.Is(err, rpctypes.ErrPermissionDenied); err != nil && !denied || denied == may {
					t.Errorf("%s: %s %s: got %v, want that it may: %v", u.user, what, key, err, may)
				}
			}
		}
		if _, err := client.Get(t.Context(), other, clientv3.WithPrefix()); !errors.Is(err, rpctypes.ErrPermissionDenied) {
			t.Errorf("%s reads another fleet: got %v", u.user, err)
		}
	}
}
