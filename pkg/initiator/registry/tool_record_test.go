package registry_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/seal"
)

const toolRow = "tool/other-tool/portals/2001:db8::10%2C3260"

// aToolRecord is a record with all that one can have.
func aToolRecord() registry.ToolRecord {
	return registry.ToolRecord{
		Tool: "other-tool", Kind: "portals", Name: "2001:db8::10,3260",
		Fields:  map[string]string{"method": "CHAP", "user": "host1", "empty": ""},
		Secrets: map[string]auth.Secret{"password": auth.NewSecret([]byte("secret-of-host1")), "password_in": auth.NewSecret([]byte("secret-of-array"))},
		Refs:    map[string]string{"key": "file:/etc/key"},
	}
}

// writeRaw stores a value past the package.
func (w *world) writeRaw(key, value string) {
	w.t.Helper()
	if err := w.store.Apply(w.t.Context(), registry.Change{Key: key, Version: registry.AnyVersion, Value: []byte(value)}); err != nil {
		w.t.Fatal(err)
	}
}

// TestToolRecord: what a tool keeps comes back as it was, secrets and all; lists have no
// secrets; and what one tool keeps is not that of another.
func TestToolRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := aToolRecord()
	if _, ok, err := w.ToolRecord(t.Context(), r.Tool, r.Kind, r.Name); ok || err != nil {
		t.Errorf("before: %t, %v", ok, err)
	}
	if err := w.PutToolRecord(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	got, ok, err := w.ToolRecord(t.Context(), r.Tool, r.Kind, r.Name)
	if !ok || err != nil || got.Version == 0 {
		t.Fatalf("got %+v, %t, %v", got, ok, err)
	}
	r.Version = got.Version
	same(t, "the record", r, got)

	// It is there now, so a Put that expects none, or another version, is refused.
	var conflict *registry.ConflictError
	for _, version := range []uint64{0, got.Version + 7} {
		r.Version = version
		if err := w.PutToolRecord(t.Context(), r); !errors.As(err, &conflict) {
			t.Errorf("version %d: %v", version, err)
		}
	}
	for _, other := range [][3]string{{"other", "portals", r.Name}, {r.Tool, "nodes", r.Name}, {r.Tool, r.Kind, "2001:db8::10"}, {"other-tool/portals", "x", "y"}} {
		o := registry.ToolRecord{Tool: other[0], Kind: other[1], Name: other[2], Version: registry.AnyVersion}
		if err := w.PutToolRecord(t.Context(), o); err != nil {
			t.Errorf("%v: %v", other, err)
		}
	}
	var names []string
	for _, r := range collect(t, w.ToolRecords(t.Context(), r.Tool, r.Kind)) {
		if len(r.Secrets) != 0 {
			t.Errorf("the list has the secrets of %s", r.Name)
		}
		names = append(names, r.Name)
	}
	if got := strings.Join(names, " "); got != "2001:db8::10 2001:db8::10,3260" {
		t.Errorf("list %s", got)
	}
	for _, want := range []bool{true, false} {
		if ok, err := w.RemoveToolRecord(t.Context(), r.Tool, r.Kind, r.Name); ok != want || err != nil {
			t.Errorf("removed %t, %v", ok, err)
		}
	}
	if n := len(collect(t, w.ToolRecords(t.Context(), r.Tool, r.Kind))); n != 1 {
		t.Errorf("%d records are left", n)
	}
}

// TestToolRecordRefused: what makes no key, what the Store does not take, and a secret
// that nothing can seal.
func TestToolRecordRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *registry.Config) { cfg.Sealer = nil })
	for _, key := range [][3]string{{"", "k", "n"}, {"t", "", "n"}, {"t", "k", ""}} {
		_, _, err := w.ToolRecord(t.Context(), key[0], key[1], key[2])
		scene.WantCode(t, err, isdsc.InvalidParameter)
		_, err = w.RemoveToolRecord(t.Context(), key[0], key[1], key[2])
		scene.WantCode(t, err, isdsc.InvalidParameter)
		scene.WantCode(t, w.PutToolRecord(t.Context(), registry.ToolRecord{Tool: key[0], Kind: key[1], Name: key[2]}), isdsc.InvalidParameter)
	}
	var refused *registry.ChangeError
	if err := w.PutToolRecord(t.Context(), registry.ToolRecord{Tool: "t", Kind: "k", Name: strings.Repeat("n", 1100)}); !errors.As(err, &refused) {
		t.Errorf("a long name: %v", err)
	}
	for _, text := range []map[string]string{{"a": "\xff"}, {"\xff": "a"}} {
		scene.WantCode(t, w.PutToolRecord(t.Context(), registry.ToolRecord{Tool: "t", Kind: "k", Name: "n", Fields: text}), isdsc.InvalidParameter)
		scene.WantCode(t, w.PutToolRecord(t.Context(), registry.ToolRecord{Tool: "t", Kind: "k", Name: "n", Refs: text}), isdsc.InvalidParameter)
	}
	r := aToolRecord()
	err := w.PutToolRecord(t.Context(), r)
	if err == nil || !strings.Contains(err.Error(), "no key to seal a secret with") || strings.Contains(err.Error(), "secret-of") {
		t.Errorf("a secret without a Sealer: %v", err)
	}
	r.Secrets = nil
	if err := w.PutToolRecord(t.Context(), r); err != nil {
		t.Errorf("a reference without a Sealer: %v", err)
	}
}

// TestChangeToolRecord: a change is made of what is there, again where another writer
// was ahead, and not at all where it is refused.
func TestChangeToolRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := aToolRecord()
	change := func(*registry.ToolRecord) error { panic("there is nothing to change") }
	if ok, err := w.ChangeToolRecord(t.Context(), r.Tool, r.Kind, r.Name, change); ok || err != nil {
		t.Errorf("where there is none: %t, %v", ok, err)
	}
	if err := w.PutToolRecord(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	tries := 0
	ok, err := w.ChangeToolRecord(t.Context(), r.Tool, r.Kind, r.Name, func(now *registry.ToolRecord) error {
		if tries++; tries == 1 { // another writer
			other := aToolRecord()
			other.Version, other.Fields["user"] = registry.AnyVersion, "host2"
			if err := w.PutToolRecord(t.Context(), other); err != nil {
				return err
			}
		}
		now.Fields["method"], now.Name = "None", "elsewhere"
		delete(now.Secrets, "password_in")
		return nil
	})
	got, _, _ := w.ToolRecord(t.Context(), r.Tool, r.Kind, r.Name)
	want := aToolRecord()
	want.Version = got.Version
	want.Fields["method"], want.Fields["user"] = "None", "host2"
	delete(want.Secrets, "password_in")
	if same(t, "the record", want, got); !ok || err != nil || tries != 2 {
		t.Errorf("%t, %v, %d tries", ok, err, tries)
	}
	no := errors.New("no")
	ok, err = w.ChangeToolRecord(t.Context(), r.Tool, r.Kind, r.Name, func(now *registry.ToolRecord) error { now.Fields["method"] = "x"; return no })
	if !ok || err != no {
		t.Errorf("a change that is refused: %t, %v", ok, err)
	}
	after, _, _ := w.ToolRecord(t.Context(), r.Tool, r.Kind, r.Name)
	same(t, "after a change that is refused", got, after)
}

// TestToolRecordKey: the secrets are sealed by the key of the registry, bound to the
// record and the field; a rekey takes them along, and a check opens them.
func TestToolRecordKey(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	one, two := seal.KeyFile(filepath.Join(folder, "one")), seal.KeyFile(filepath.Join(folder, "two"))
	w := newWorld(t, func(cfg *registry.Config) { cfg.Sealer = one })
	r := aToolRecord()
	if err := w.PutToolRecord(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Seal(r.Secrets["password"], ""); err != nil { // makes the key
		t.Fatal(err)
	}
	stored, err := w.store.Get(t.Context(), toolRow)
	if err != nil || bytes.Contains(stored.Value, []byte("secret-of")) {
		t.Fatalf("stored %s, %v", stored.Value, err)
	}
	if n, err := registry.CheckRecord(stored, nil); n != 2 || err != nil {
		t.Errorf("check without a key: %d, %v", n, err)
	}
	if n, err := registry.CheckRecord(stored, one); n != 2 || err != nil {
		t.Errorf("check: %d, %v", n, err)
	}
	var wrong *seal.WrongKeyError
	if n, err := registry.CheckRecord(stored, two); n != 2 || !errors.As(err, &wrong) {
		t.Errorf("check by another key: %d, %v", n, err)
	}
	value, n, err := registry.ResealRecord(stored, one, two)
	if n != 2 || err != nil {
		t.Fatalf("rekey: %d, %v", n, err)
	}
	if _, _, err := registry.ResealRecord(stored, two, one); !errors.As(err, &wrong) {
		t.Errorf("rekey by another key: %v", err)
	}
	w.writeRaw(toolRow, string(value))
	if _, _, err := w.ToolRecord(t.Context(), r.Tool, r.Kind, r.Name); !errors.As(err, &wrong) {
		t.Errorf("by the old key: %v", err)
	}
	again := newWorld(t, func(cfg *registry.Config) { cfg.Store, cfg.Sealer = w.store, two })
	got, ok, err := again.ToolRecord(t.Context(), r.Tool, r.Kind, r.Name)
	if r.Version = got.Version; !ok || err != nil {
		t.Fatal(ok, err)
	}
	same(t, "after a rekey", r, got)

	// In another record, or another field, a secret does not open.
	var damaged *seal.DamagedError
	w.writeRaw("tool/other-tool/portals/x", string(value))
	if _, _, err := again.ToolRecord(t.Context(), r.Tool, r.Kind, "x"); !errors.As(err, &damaged) {
		t.Errorf("copied to another record: %v", err)
	}
	w.writeRaw(toolRow, strings.Replace(string(value), `"password":`, `"password_of_another":`, 1))
	if _, _, err := again.ToolRecord(t.Context(), r.Tool, r.Kind, r.Name); !errors.As(err, &damaged) {
		t.Errorf("moved to another field: %v", err)
	}
}
