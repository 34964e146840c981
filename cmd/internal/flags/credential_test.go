package flags

import (
	"os"
	"path/filepath"
	"runtime"
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

// A credential of the unit is known by each path of its file: over a folder that is a symbolic
// link, by a link to the file, and by a path that is relative to the current folder.
func TestCredentialFilesPaths(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	run, linked, elsewhere := filepath.Join(top, "run"), filepath.Join(top, "var-run"), filepath.Join(top, "elsewhere")
	for _, folder := range []string{run, elsewhere} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{filepath.Join(run, "etcd"), filepath.Join(run, "other"), filepath.Join(elsewhere, "etcd")} {
		if err := os.WriteFile(file, []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{linked: run, filepath.Join(elsewhere, "password"): filepath.Join(run, "etcd")} {
		if err := os.Symlink(to, link); err != nil {
			if runtime.GOOS == "windows" {
				t.Skip("an ordinary user of Windows may make no symbolic links: ", err)
			}
			t.Fatal(err)
		}
	}
	current, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(current, filepath.Join(run, "etcd"))
	if err != nil {
		if runtime.GOOS == "windows" {
			t.Skip("no relative path leads to another drive: ", err)
		}
		t.Fatal(err)
	}
	etcd := []string{"cred:etcd"}
	for _, tt := range []struct {
		folder, path string
		want         []string
	}{
		{run, filepath.Join(linked, "etcd"), etcd},
		{linked, filepath.Join(run, "etcd"), etcd},
		{run, filepath.Join(elsewhere, "password"), etcd},
		{run, relative, etcd},
		{run, filepath.Join(elsewhere, "etcd"), nil},
		{run, filepath.Join(run, "not-there-yet"), []string{"cred:not-there-yet"}},
		{run, filepath.Join(linked, "not-there"), nil},
		{run, linked, nil},
	} {
		w := &machine.Env{LookupEnv: func(string) (string, bool) { return tt.folder, true }}
		if got := CredentialFiles(w, tt.path); !slices.Equal(got, tt.want) {
			t.Errorf("folder %s, path %s: got %q, want %q", tt.folder, tt.path, got, tt.want)
		}
	}
}
