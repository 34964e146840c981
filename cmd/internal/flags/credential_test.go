package flags

import (
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// A credential of the unit is known by its name and by the path of its file.
func TestCredentials(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		folder, ref string
		want        []string
	}{
		{"/run/c", "cred:etcd", []string{"cred:etcd"}},
		{"", "cred:etcd", []string{"cred:etcd"}},
		{"/run/c/", "file:/run/c/etcd", []string{"cred:etcd"}},
		{"/run/c", "file:/run/c/../c/etcd", []string{"cred:etcd"}},
		{"/run/c", "file:/etc/etcd", nil},
		{"", "file:/etcd", nil},
		{"/run/c", "env:PASSWORD", nil},
	} {
		w := &machine.Env{LookupEnv: func(name string) (string, bool) { return tt.folder, name == "CREDENTIALS_DIRECTORY" }}
		var r SecretRef
		if err := r.Set(tt.ref); err != nil {
			t.Fatal(err)
		}
		if got := Credentials(w, &r, new(SecretRef)); !slices.Equal(got, tt.want) {
			t.Errorf("%s, folder %q: got %q, want %q", tt.ref, tt.folder, got, tt.want)
		}
	}
	w := &machine.Env{LookupEnv: func(string) (string, bool) { return "/run/c", true }}
	if got := CredentialFiles(w, "/run/c/host.key", "", "/etc/host.pem"); !slices.Equal(got, []string{"cred:host.key"}) {
		t.Errorf("got %q", got)
	}
}
