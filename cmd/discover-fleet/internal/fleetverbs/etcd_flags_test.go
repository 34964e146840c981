package fleetverbs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/etcdtest"
	"github.com/go-iscsi/discovery/test/output"
)

// TestEtcdFlags: TLS and users by flags; what is wrong with them is said in a line.
func TestEtcdFlags(t *testing.T) {
	t.Parallel()
	authority := etcdtest.NewAuthority(t)
	server := etcdtest.Start(t, etcdtest.Options{TLS: authority})
	server.Authenticate(t, etcdtest.User{Name: "reader", Password: "of reader", Read: []string{"/discover/v1/lab/"}})
	folder := t.TempDir()
	password := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file:" + path
	}
	right, wrong := password("right", "of reader"), password("wrong", "a-wrong-password")
	cert := authority.Issue(t, etcdtest.Request{})
	expired := authority.Issue(t, etcdtest.Request{From: time.Now().Add(-2 * time.Hour), To: time.Now().Add(-time.Hour)})
	flags := func(ca string, c etcdtest.Certificate, ref string) []string {
		return []string{"--fleet", "lab", "--etcd", server.URL(), "--etcd-cacert", ca, "--etcd-cert", c.Cert, "--etcd-key", c.Key, "--etcd-user", "reader", "--etcd-password", ref}
	}
	good := flags(authority.File, cert, right)
	for _, tt := range []struct {
		args   []string
		status int
		want   string // on standard error
	}{
		{append([]string{"hosts"}, good...), 0, ""},
		{append([]string{"portal", "add", "192.0.2.1"}, good...), 1, "no permission"},
		{append([]string{"hosts"}, flags(authority.File, cert, wrong)...), 1, "not authenticated"},
		{append([]string{"hosts"}, flags(authority.File, expired, right)...), 1, expired.Cert + ": our certificate ended on "},
		{append([]string{"hosts"}, flags("/nonexistent/ca.pem", cert, right)...), 1, "/nonexistent/ca.pem: no such file or directory"},
		{append([]string{"hosts"}, flags(etcdtest.NewAuthority(t).File, cert, right)...), 1, "not signed by an authority that we know"},
	} {
		var stdout, stderr output.Buffer
		status := runWith(t.Context(), map[string]string{}, &stdout, &stderr, slices.Clone(tt.args)...)
		if said := stderr.String(); status != tt.status || !strings.Contains(said, tt.want) || strings.Contains(said, "wrong-password") {
			t.Errorf("%q: got status %d and %q, want %d and %q", tt.args, status, said, tt.status, tt.want)
		}
	}
	authority.Renew(t, expired, etcdtest.Request{})
	var stdout, stderr output.Buffer
	if status := runWith(t.Context(), map[string]string{}, &stdout, &stderr, append([]string{"hosts"}, flags(authority.File, expired, right)...)...); status != 0 {
		t.Errorf("after it was renewed: got status %d, %s", status, stderr.String())
	}
}
