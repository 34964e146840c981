package fleetflags

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// TestCredentials: each credential of the unit by which etcd is reached is told, whether a
// flag or a variable of the environment has it, by name or by path.
func TestCredentials(t *testing.T) {
	t.Parallel()
	unit, elsewhere := t.TempDir(), t.TempDir()
	for _, folder := range []string{unit, elsewhere} {
		for _, name := range []string{"password", "cert", "key"} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte("secret\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	of := func(folder, name string) string { return filepath.Join(folder, name) }
	for _, tt := range []struct {
		name string
		args []string
		env  map[string]string
		want []string
	}{
		{"none", nil, nil, nil},
		{"password by name", []string{"--etcd-user", "u", "--etcd-password", "cred:password"}, nil, []string{"cred:password"}},
		{"password by path", []string{"--etcd-user", "u", "--etcd-password", "file:" + of(unit, "password")}, nil, []string{"cred:password"}},
		{"cert", []string{"--etcd-cert", of(unit, "cert"), "--etcd-key", of(elsewhere, "key")}, nil, []string{"cred:cert"}},
		{"key", []string{"--etcd-cert", of(elsewhere, "cert"), "--etcd-key", of(unit, "key")}, nil, []string{"cred:key"}},
		{"files elsewhere", []string{"--etcd-user", "u", "--etcd-password", "file:" + of(elsewhere, "password"), "--etcd-cert", of(elsewhere, "cert"), "--etcd-key", of(elsewhere, "key")}, nil, nil},
		{"the environment", nil, map[string]string{
			userVariable: "u", passwordVariable: "cred:password", certVariable: of(unit, "cert"), keyVariable: of(unit, "key"),
		}, []string{"cred:password", "cred:cert", "cred:key"}},
	} {
		w := &machine.Env{
			LookupEnv: func(name string) (string, bool) {
				if name == "CREDENTIALS_DIRECTORY" {
					return unit, true
				}
				value, ok := tt.env[name]
				return value, ok
			},
			Open: func(path string) (io.ReadCloser, error) { return os.Open(path) },
		}
		var e Etcd
		if err := e.FlagSet(false).Parse(append([]string{"--etcd", "https://etcd1.example:2379"}, tt.args...)); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if err := e.Understand(t.Context(), w); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := e.Credentials(w); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
