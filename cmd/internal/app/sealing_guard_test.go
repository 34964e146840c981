package app

import (
	"errors"
	"io"
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// sealedStore returns a run whose registry has one sealed secret, a preshared key.
func sealedStore(t *testing.T) (*Command, *sqlite.Store) {
	t.Helper()
	c := &Command{Env: machine.Real()}
	c.Stderr = io.Discard
	c.Global.Registry = filepath.Join(t.TempDir(), "registry.db")
	err := c.WithService(t.Context(), CreateIfMissing, new(initiator.Discoverer), func(s *registry.Service) error {
		return s.SetIKEInfo(t.Context(), registry.IKEInfo{ID: "storage.example", Key: auth.NewSecret([]byte("preshared-key-1"))}, true)
	})
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.OpenExisting(t.Context(), c.Global.Registry)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, store
}

// TestRekeyTogether: what another process has sealed by the old key before a rekey it
// cannot store afterwards, and what it reads it opens by the new one.
func TestRekeyTogether(t *testing.T) {
	t.Parallel()
	c, store := sealedStore(t)
	s := c.newSealer(t.Context(), store, c.Global.Registry)
	sealed, err := s.Seal(auth.NewSecret([]byte("another secret")), "c")
	if err != nil {
		t.Fatal(err)
	}
	reader := c.newSealer(t.Context(), store, c.Global.Registry)
	if _, err := reader.Open(sealed, "c"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Rekey(t.Context(), new(RekeyFlags)); err != nil {
		t.Fatal(err)
	}
	err = guardedStore{store, s}.Apply(t.Context(), registry.Change{Key: "psk/x", Version: registry.AnyVersion, Value: sealed})
	if !errors.Is(err, errRekeyed) {
		t.Errorf("got %v, want that the key was changed", err)
	}
	if r, err := store.Get(t.Context(), "psk/x"); err != nil || r.Version != 0 {
		t.Errorf("what nobody can open was stored: %v, %v", r, err)
	}
	for r, err := range store.List(t.Context(), "psk/") {
		if err != nil {
			t.Fatal(err)
		}
		if n, err := registry.CheckRecord(r, reader); err != nil || n != 1 {
			t.Errorf("%s: got %d secrets, %v", r.Key, n, err)
		}
	}
}

// TestRekeyDuringRun (issue 13, 18): a run reads the preshared keys once, and opens them
// when it needs them. It opens those that it read before a rekey, also when it has
// found the new key meanwhile. And what it finds without any secret is stored, although
// it has sealed something before.
func TestRekeyDuringRun(t *testing.T) {
	t.Parallel()
	c, store := sealedStore(t)
	reader, writer := c.newSealer(t.Context(), store, c.Global.Registry), c.newSealer(t.Context(), store, c.Global.Registry)
	if _, err := writer.Seal(auth.NewSecret([]byte("another secret")), "c"); err != nil {
		t.Fatal(err)
	}
	const psk = "psk/storage.example//4294967295"
	opens := func(r registry.Record, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := registry.CheckRecord(r, reader); err != nil || n != 1 {
			t.Errorf("got %d secrets, %v", n, err)
		}
	}
	before, err := store.Get(t.Context(), psk)
	opens(before, err)
	if _, err := c.Rekey(t.Context(), new(RekeyFlags)); err != nil {
		t.Fatal(err)
	}
	opens(store.Get(t.Context(), psk))
	opens(before, nil)
	found := registry.Change{Key: "target/iqn.2026-11.com.example:disk1/x", Value: []byte(`{"name":"iqn.2026-11.com.example:disk1"}`)}
	if err := (guardedStore{store, writer}).Apply(t.Context(), found); err != nil {
		t.Errorf("a target: %v", err)
	}
}
