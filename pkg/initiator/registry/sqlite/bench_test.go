package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// portals is how many records the benchmarks work on: a large registry.
const portals = 10_000

// portalRecord is of about the size of a portal's.
const portalRecord = `{"instance":"host","port":4294967295,"portal":{"symbolic_name":"array 1, controller B","address":"192.0.2.10","socket":3260},` +
	`"login":{"specified":227,"auth_type":1,"user":"iqn.2026-11.com.example:host1","password":{"sealed":"` +
	`AQEDmZxW0y9Jv3m8Yd0pT6r1cU5bQkXhNfE2aLsGiOjKtVwPzBnMqRxSyDuFgHlJ4o7C"}},"security":0}`

func portalKey(i int) string {
	return fmt.Sprintf("portal/192.0.%d.%d/03260/host/4294967295", i/256, i%256)
}

// filled returns an open registry of portals.
func filled(b *testing.B) *sqlite.Store {
	b.Helper()
	s := open(b, filepath.Join(b.TempDir(), "registry.db"))
	b.Cleanup(func() { closeStore(b, s) })
	var changes []registry.Change
	for i := range portals {
		changes = append(changes, set(portalKey(i), portalRecord))
	}
	apply(b, s, changes...)
	return s
}

// BenchmarkAdd adds one portal after the other; the time is that of the disk.
func BenchmarkAdd(b *testing.B) {
	s := filled(b)
	for i := 0; b.Loop(); i++ {
		apply(b, s, registry.Change{Key: fmt.Sprintf("portal/new/%d", i), Value: []byte(portalRecord)})
	}
}

// BenchmarkAddBatch adds 10,000 portals in one batch.
func BenchmarkAddBatch(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "registry.db"))
	defer closeStore(b, s)
	for round := 0; b.Loop(); round++ {
		var changes []registry.Change
		for i := range portals {
			changes = append(changes, set(fmt.Sprintf("%d/%s", round, portalKey(i)), portalRecord))
		}
		apply(b, s, changes...)
	}
}

// BenchmarkList lists 10,000 portals.
func BenchmarkList(b *testing.B) {
	s := filled(b)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range s.List(b.Context(), "portal/") {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != portals {
			b.Fatalf("got %d records, want %d", n, portals)
		}
	}
}

// BenchmarkGet looks up one of 10,000 portals.
func BenchmarkGet(b *testing.B) {
	s := filled(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if got := get(b, s, portalKey(i%portals)); got != portalRecord {
			b.Fatalf("got %q", got)
		}
	}
}

// BenchmarkOpen opens and closes a registry of 10,000 portals, as each run of the
// command does.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "registry.db")
	s := open(b, path)
	var changes []registry.Change
	for i := range portals {
		changes = append(changes, set(portalKey(i), portalRecord))
	}
	apply(b, s, changes...)
	closeStore(b, s)
	for b.Loop() {
		closeStore(b, open(b, path))
	}
}

// BenchmarkDisk is the floor under BenchmarkAdd: to write what a log takes for a
// change, and to wait for the disk.
func BenchmarkDisk(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	frame := make([]byte, 2*(24+4096))
	for i := int64(0); b.Loop(); i++ {
		if _, err := f.WriteAt(frame, i%500*int64(len(frame))); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}
