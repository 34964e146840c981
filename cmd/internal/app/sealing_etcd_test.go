package app

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
)

// TestSealInEtcd: a secret of a registry in etcd is sealed with the passphrase of --key, and
// without one it is neither sealed nor opened; no key file is made or read.
func TestSealInEtcd(t *testing.T) {
	t.Parallel()
	const where = "etcd:/discover/registry/pair1/"
	store := new(memstore.Store)
	run := func(key string) *sealer {
		c := &Command{Env: machine.Real()}
		c.Stderr = io.Discard
		if key != "" {
			if err := c.Global.Key.Set("file:" + key); err != nil {
				t.Fatal(err)
			}
		}
		return c.newSealer(t.Context(), store, where)
	}
	if _, err := run("").Seal(auth.NewSecret([]byte("secret")), "c"); err == nil || !strings.Contains(err.Error(), "give --key REF") {
		t.Errorf("without --key: got %v", err)
	}
	passphrase := filepath.Join(t.TempDir(), "passphrase")
	if err := os.WriteFile(passphrase, []byte("a passphrase of many words\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sealed, err := run(passphrase).Seal(auth.NewSecret([]byte("secret")), "c")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := run(passphrase).Open(sealed, "c"); err != nil || string(got.Reveal()) != "secret" {
		t.Errorf("on the other host: got %v", err)
	}
	if _, err := run("").Open(sealed, "c"); err == nil || !strings.Contains(err.Error(), "give --key REF") {
		t.Errorf("opened without --key: got %v", err)
	}
}
