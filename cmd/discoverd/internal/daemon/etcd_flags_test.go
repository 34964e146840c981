package daemon

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestCertificateRenewed: one whose certificate has expired says so, and works when it is
// renewed in place, in a fleet and on a registry in etcd.
func TestCertificateRenewed(t *testing.T) {
	t.Parallel()
	authority := etcdtest.NewAuthority(t)
	server := etcdtest.Start(t, etcdtest.Options{TLS: authority})
	expired := etcdtest.Request{From: time.Now().Add(-2 * time.Hour), To: time.Now().Add(-time.Hour)}
	cert := authority.Issue(t, expired)
	flags := []string{"--etcd", server.URL(), "--etcd-cacert", authority.File, "--etcd-cert", cert.Cert, "--etcd-key", cert.Key}
	inFleet, onRegistry := newHouse(t), newPairHouse(t, "etcd:/registry/")
	inFleet.start(append(flags, "--fleet", "lab", "--fleet-host", "one")...)
	onRegistry.start(flags...)
	for _, h := range []*house{inFleet, onRegistry} {
		h.says(cert.Cert + ": our certificate ended on ")
	}
	authority.Renew(t, cert, etcdtest.Request{})
	inFleet.hasLine("/metrics", "iscsi_discovery_fleet_connected 1")
	onRegistry.hasLine("/-/ready", "ready")
}

// says waits until standard error has a text, and holds that it is in one line that begins
// as all do.
func (h *house) says(text string) {
	h.t.Helper()
	h.until("it says "+text, func() bool {
		for line := range strings.Lines(h.stderr.String()) {
			if strings.HasPrefix(line, "discoverd: ") && strings.Contains(line, text) {
				return true
			}
		}
		return false
	})
}

// testSaid: what is wrong with a user or a certificate is said in a line with what to do, and
// no line has a password. The daemon goes on.
func testSaid(t *testing.T, p *protected) {
	passwords := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(passwords, []byte("a-wrong-password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	nameless, named := p.args(t, ""), p.args(t, "db1")
	with := func(args []string, flag, value string) []string {
		args = slices.Clone(args)
		args[slices.Index(args, flag)+1] = value
		return args
	}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"a wrong password", append(slices.Clone(nameless), "--etcd-user", "admin", "--etcd-password", "file:"+passwords), "not authenticated: "},
		{"a user that is none", append(slices.Clone(nameless), "--etcd-user", "nobody", "--etcd-password", "file:"+passwords), "not authenticated: "},
		{"no user", nameless, "no permission"},
		{"an authority that is missing", with(named, "--etcd-cacert", "/nonexistent/ca.pem"), "certificate refused: /nonexistent/ca.pem: "},
		{"another authority", with(named, "--etcd-cacert", etcdtest.NewAuthority(t).File), "certificate refused: "},
		{"a role that permits nothing there", p.args(t, "db1"), "no permission"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			onRegistry := newPairHouse(t, "etcd:/discover/registry/other/")
			onRegistry.start(tt.args...)
			onRegistry.says(tt.want)
			if code, body := onRegistry.get("/-/ready"); code != 503 {
				t.Errorf("the registry: got %d %s, want 503", code, body)
			}
			inFleet := newHouse(t) // db1 writes as db2
			inFleet.start(append(slices.Clone(tt.args), "--fleet", "prod", "--fleet-host", "db2")...)
			inFleet.says(tt.want)
			inFleet.hasLine("/-/ready", "ready")
			for _, h := range []*house{onRegistry, inFleet} {
				h.stop()
				if said := h.stderr.String(); strings.Contains(said, "wrong-password") {
					t.Errorf("a password is told:\n%s", said)
				}
				for line := range strings.Lines(h.stderr.String()) {
					if strings.Contains(line, tt.want) {
						t.Log(line)
						break
					}
				}
			}
		})
	}
}
