package registry_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// A damaged record of a target that an iSNS server named is found again by the next answer
// after it was removed, also where the answer says nothing new.
func TestISNSTargetDamaged(t *testing.T) {
	t.Parallel()
	long := "iqn.2026-11.com.example:" + strings.Repeat("é", 99)
	for _, name := range []string{iSNSA, long} {
		w, _ := newISNSWorld(t, isnstest.Config{Database: isnstest.Targets(name)})
		w.addServer()
		key := ""
		for _, prefix := range []string{"target/", "long/target/"} {
			for r, err := range w.store.List(t.Context(), prefix) {
				if err != nil {
					t.Fatal(err)
				}
				key = r.Key
			}
		}
		if err := w.store.Apply(t.Context(), registry.Change{Key: key, Version: registry.AnyVersion, Value: []byte("{")}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.PruneTargets(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if err := w.RemoveStaticTarget(t.Context(), name); err != nil && name == iSNSA {
			t.Fatal(err)
		}
		w.refreshServer()
		if _, err := w.TargetInformation(t.Context(), name, ""); err != nil {
			t.Errorf("%.40s: got %v, want the target", name, err)
		}
	}
}

// failingStore refuses changes of records whose keys begin so.
type failingStore struct {
	registry.Store
	prefix string // empty: none
}

func (s *failingStore) Apply(ctx context.Context, changes ...registry.Change) error {
	for _, c := range changes {
		if s.prefix != "" && strings.HasPrefix(c.Key, s.prefix) {
			return errors.New("no space left on device")
		}
	}
	return s.Store.Apply(ctx, changes...)
}

// Where an answer gets into the registry in part, its targets are not there without what the
// server says of the security of their portals.
func TestISNSBitmapFirst(t *testing.T) {
	t.Parallel()
	const transport = ipsec.FlagValid | ipsec.FlagIKE | ipsec.FlagTransport | ipsec.FlagMain
	for _, prefix := range []string{"target/", "isns-bitmap/"} {
		var store *failingStore
		w, _ := newISNSWorld(t, isnstest.Config{Database: withBitmap(transport)}, func(c *registry.Config) {
			store = &failingStore{Store: c.Store, prefix: prefix}
			c.Store = store
		})
		if _, err := w.AddISNSServer(t.Context(), registry.ISNSServer{Address: serverPortal}); err == nil {
			t.Errorf("%s: got no error", prefix)
		}
		known := len(collect(t, w.Targets(t.Context(), false)))
		if may, err := w.MayUseIPsec(t.Context()); err != nil || may != (prefix == "target/") || known != 0 {
			t.Errorf("%s: got %d targets, IPsec %t, %v", prefix, known, may, err)
		}
		store.prefix = ""
		w.refreshServer()
		if may, err := w.MayUseIPsec(t.Context()); !may || err != nil {
			t.Errorf("%s: got %t, %v", prefix, may, err)
		}
	}
}
