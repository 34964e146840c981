package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/internal/powercut"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

func init() { roles["power"] = writeUntilPowerFails }

// powerPath is the registry in a folder of which the power fails: the folders in
// between are new.
const powerPath = "new/newer/registry.db"

// powerValue is the value that a batch sets; large ones fill the log, so that it is
// written back to the file while that is in use.
func powerValue(batch, size int) string { return strings.Repeat(strconv.Itoa(batch%10), size+batch) }

// powerBatch is one batch: it sets two records, replaces one and deletes two.
func powerBatch(batch, size int) []registry.Change {
	name := func(batch int) string { return fmt.Sprintf("%06d", batch) }
	changes := []registry.Change{
		set("a/"+name(batch), powerValue(batch, size)), set("last", name(batch)), set("b/"+name(batch), powerValue(batch, size)),
	}
	if old := batch - 3; old >= 0 {
		changes = append(changes, registry.Change{Key: "a/" + name(old), Version: registry.AnyVersion, Delete: true})
		changes = append(changes, registry.Change{Key: "b/" + name(old), Version: registry.AnyVersion, Delete: true})
	}
	return changes
}

// powerRecords are the records after so many batches.
func powerRecords(batches, size int) map[string]string {
	records := make(map[string]string)
	for batch := range batches {
		for _, c := range powerBatch(batch, size) {
			if c.Delete {
				delete(records, c.Key)
			} else {
				records[c.Key] = string(c.Value)
			}
		}
	}
	return records
}

// writeUntilPowerFails applies batches from one to another, says so after each, and
// opens and closes the registry now and then.
func writeUntilPowerFails(ctx context.Context, path string, args []string) error {
	var first, last, size, each int
	if _, err := fmt.Sscan(strings.Join(args, " "), &first, &last, &size, &each); err != nil {
		return err
	}
	for first < last {
		s, err := sqlite.Open(ctx, path)
		if err != nil {
			return err
		}
		if _, err := fmt.Println("open"); err != nil {
			return err
		}
		for end := min(first+each, last); first < end; first++ {
			if err := s.Apply(ctx, powerBatch(first, size)...); err != nil {
				return err
			}
			if _, err := fmt.Println(first); err != nil {
				return err
			}
		}
		if err := s.Close(); err != nil {
			return err
		}
	}
	return nil
}

// acknowledged tells from what writers said whether one has opened the registry, and
// how many batches were applied.
func acknowledged(said string) (opened bool, batches int) {
	for line := range strings.Lines(said) {
		if n, err := strconv.Atoi(strings.TrimSpace(line)); err == nil {
			batches = n + 1
		}
		opened = true
	}
	return opened, batches
}

// wantPowered holds what a power failure left to what was acknowledged: all of that
// is there, and nothing else but the batch that was under way, as a whole. found says
// that the registry may have been made by a process that was killed.
func wantPowered(t *testing.T, image *powercut.Image, said string, size int, found bool) {
	t.Helper()
	folder := t.TempDir()
	defer os.RemoveAll(folder)
	if err := image.WriteTo(folder); err != nil {
		t.Fatal(err)
	}
	opened, batches := acknowledged(said)
	path := filepath.Join(folder, powerPath)
	s, err := sqlite.OpenExisting(t.Context(), path)
	// Of a registry in which nothing is, the process that made it knows that it is on
	// the disk; one that has found it does not.
	if errors.Is(err, fs.ErrNotExist) && (!opened || found && batches == 0) {
		s, err = sqlite.Open(t.Context(), path)
	}
	if err != nil {
		t.Errorf("opened: %t, %d batches acknowledged: %v", opened, batches, err)
		return
	}
	defer closeStore(t, s)
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	got := all(t, s)
	if !cmp.Equal(got, powerRecords(batches, size)) && !cmp.Equal(got, powerRecords(batches+1, size)) {
		t.Errorf("opened: %t, %d batches acknowledged: last is %q in %d records", opened, batches, got["last"], len(got))
	}
}

// TestPower: when the power fails, at whatever moment and whatever the disk has
// written by then of what was not synced, what was acknowledged is there (issue 13,
// 17). TestKill shows less: a process that is killed has written all that it wrote.
func TestPower(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                string
		batches, size, each int // how many, of what size, and so many before the file is closed
		every, chances      int // moments that are tried, besides those of a sync, and how many random disks for each
	}{
		{name: "opened and closed", batches: 9, size: 300, each: 3, every: 1, chances: 2},
		{name: "a log that is full", batches: 10, size: 300_000, each: 10, every: 1000, chances: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			d, err := powercut.Watch(folder)
			if err != nil {
				t.Fatal(err)
			}
			cmd := child(t, "power", filepath.Join(folder, powerPath), "0", fmt.Sprint(tt.batches), fmt.Sprint(tt.size), fmt.Sprint(tt.each))
			if status, stderr := d.Run(t, cmd); status != 0 {
				t.Fatalf("exit status %d: %s", status, stderr)
			}
			tried := failPower(t, d, tt.size, tt.every, tt.chances, false)
			t.Logf("%d moments, %d different outcomes", d.Moments(), tried)
			if _, n := acknowledged(d.Said(d.Moments() - 1)); n != tt.batches || tried < 2*tt.batches {
				t.Errorf("%d batches acknowledged, %d outcomes", n, tried)
			}
		})
	}
}

// failPower has the power fail at moments, and returns how many different outcomes
// it has looked at.
func failPower(t *testing.T, d *powercut.Disk, size, every, chances int, found bool) (tried int) {
	t.Helper()
	seen := make(map[string]bool)
	for moment := 0; moment < d.Moments() && !t.Failed(); moment++ {
		if moment%every != 0 && !d.AtSync(moment) && moment != d.Moments()-1 {
			continue
		}
		said := d.Said(moment)
		lucks := []powercut.Luck{powercut.Nothing, powercut.Everything, powercut.NamesOnly, powercut.DataOnly}
		for seed := range chances {
			lucks = append(lucks, powercut.Chance(uint64(moment*chances+seed)))
		}
		for i, luck := range lucks {
			image := d.Cut(moment, luck)
			if sum := image.Sum() + said; !seen[sum] {
				seen[sum] = true
				wantPowered(t, image, said, size, found)
			}
			if t.Failed() {
				t.Logf("at moment %d of %d, with luck %d", moment, d.Moments(), i)
				break
			}
		}
	}
	return len(seen)
}

// TestPowerAfterKill: a process that is killed leaves folders and files that were not
// synced. The next one relies on them, and syncs what it relies on.
func TestPowerAfterKill(t *testing.T) {
	t.Parallel()
	const size, most = 300, 14 // changes: more than it takes to make the file
	for changes := range most {
		folder := t.TempDir()
		d, err := powercut.Watch(folder)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, powerPath)
		d.RunUntil(t, child(t, "power", path, "0", "1", fmt.Sprint(size), "1"), changes+1)
		_, done := acknowledged(d.Said(d.Moments() - 1))
		cmd := child(t, "power", path, fmt.Sprint(done), "2", fmt.Sprint(size), "2")
		if status, stderr := d.Run(t, cmd); status != 0 {
			t.Fatalf("exit status %d: %s", status, stderr)
		}
		if failPower(t, d, size, 1, 0, true); t.Failed() {
			t.Fatalf("the first process was killed after %d changes", changes+1)
		}
	}
}
