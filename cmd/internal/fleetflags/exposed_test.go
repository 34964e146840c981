package fleetflags

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// TestSayExposedKey: a key that every user can read is warned of; one of a group is not.
func TestSayExposedKey(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes of files say nothing here")
	}
	for _, mode := range []os.FileMode{0o600, 0o640, 0o644, 0o602, 0} {
		key := filepath.Join(t.TempDir(), "key.pem")
		if err := os.WriteFile(key, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(key, mode); err != nil {
			t.Fatal(err)
		}
		said := ""
		e := Etcd{config: etcd.Config{Key: key}}
		e.SayExposed(func(format string, args ...any) { said += fmt.Sprintf(format, args...) })
		if exposed := mode&0o007 != 0; exposed != strings.Contains(said, fmt.Sprintf("key %s of our certificate for etcd can be read or written by every user of this host (its mode is %#o)", key, mode)) || !exposed && said != "" {
			t.Errorf("mode %#o: got %q", mode, said)
		}
	}
}

// TestSayExposedPassword: a password that others can read on the way is warned of, without it.
func TestSayExposedPassword(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		etcd, user, caCert string
		warned             string
	}{
		{"http://etcd1.example:2379", "db1", "", "etcd1.example:2379"},
		{"http://127.0.0.1:2379,http://192.0.2.6", "db1", "", "192.0.2.6"},
		{"192.0.2.6:2379", "db1", "", "192.0.2.6:2379"},
		{"http://[2001:db8::6]:2379", "db1", "", "[2001:db8::6]:2379"},
		{"http://db1:the-password@192.0.2.6:2379", "db1", "", "at 192.0.2.6:2379"},
		{"http://192.0.2.6:2379", "", "", ""},
		{"https://192.0.2.6:2379", "db1", "", ""},
		{"192.0.2.6:2379", "db1", "ca.pem", ""},
		{"http://127.0.0.1:2379,http://[::1]:2379/,http://localhost", "db1", "", ""},
	} {
		env := map[string]string{EtcdVariable: tt.etcd, userVariable: tt.user, caCertVariable: tt.caCert}
		if tt.user != "" {
			env[passwordVariable], env["SECRET"] = "env:SECRET", "the-password"
		}
		w := &machine.Env{LookupEnv: func(name string) (string, bool) { value, ok := env[name]; return value, ok }}
		var e Etcd
		e.FlagSet(false)
		if err := e.Understand(t.Context(), w); err != nil {
			t.Fatalf("%s: %v", tt.etcd, err)
		}
		said := ""
		e.SayExposed(func(format string, args ...any) { said += fmt.Sprintf(format, args...) })
		if (said != "") != (tt.warned != "") || !strings.Contains(said, tt.warned+" unencrypted") && said != "" || strings.Contains(said, "the-password") {
			t.Errorf("%s: got %q, want a warning of %q", tt.etcd, said, tt.warned)
		}
	}
}
