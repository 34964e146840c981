package sqlite_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// TestKill kills a writer again and again: what it has acknowledged is there,
// batches are whole, and the file is sound. A few rounds begin without a file.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 120
	if testing.Short() {
		rounds = 10
	}
	path := filepath.Join(t.TempDir(), "registry.db")
	acknowledged := make(map[int]int) // by round: how many batches
	total := 0
	for round := range rounds {
		if round%10 == 9 {
			path = filepath.Join(t.TempDir(), "registry.db")
			clear(acknowledged)
		}
		n := killWriter(t, path, round)
		acknowledged[round] = n
		total += n
		if round%3 == 0 { // the other times the next writer finds what this one left
			verifyKilled(t, path, acknowledged)
		}
	}
	verifyKilled(t, path, acknowledged)
	t.Logf("%d writers killed, %d batches acknowledged", rounds, total)
	if total < rounds/2 {
		t.Errorf("%d batches in %d rounds: the writers hardly wrote", total, rounds)
	}
}

// killWriter starts a writer, kills it at a random moment, and returns how many
// batches it acknowledged. Every third may be killed before it has opened the file,
// the others write at least once, however busy the machine is.
func killWriter(t *testing.T, path string, round int) int {
	t.Helper()
	cmd := child(t, "writer", path, strconv.Itoa(round))
	out := lines(t, cmd)
	kill := time.AfterFunc(5*time.Millisecond+rand.N(150*time.Millisecond), func() { _ = cmd.Process.Kill() })
	if round%3 != 0 {
		kill.Stop()
	}
	defer kill.Stop()
	n := 0
	for out.Scan() {
		if n == 0 && round%3 != 0 {
			kill.Reset(rand.N(100 * time.Millisecond))
		}
		if out.Text() != strconv.Itoa(n) {
			t.Fatalf("round %d: the writer says %q after %d batches", round, out.Text(), n)
		}
		n++
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("round %d: the writer was not killed: %v", round, err)
	}
	return n
}

// writeUntilKilled sets two records a batch, one large now and then, replaces a
// third, and says so on standard output once Apply has returned.
func writeUntilKilled(ctx context.Context, path string, args []string) error {
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		size := 200
		if i%7 == 3 {
			size = rand.IntN(200_000)
		}
		first, err := s.Get(ctx, "last")
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%s/%06d", args[0], i)
		err = s.Apply(ctx,
			set("a/"+name, strings.Repeat("a", size)),
			registry.Change{Key: "last", Version: first.Version, Value: []byte(name)},
			set("b/"+name, strings.Repeat("b", size)),
		)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(os.Stdout, i); err != nil {
			return err
		}
	}
}

// verifyKilled holds a registry to what was acknowledged.
func verifyKilled(t *testing.T, path string, acknowledged map[int]int) {
	t.Helper()
	s := open(t, path)
	defer closeStore(t, s)
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	values := all(t, s)
	for round, n := range acknowledged {
		for i := range n {
			if _, ok := values[fmt.Sprintf("a/%d/%06d", round, i)]; !ok {
				t.Fatalf("round %d: batch %d of %d is lost", round, i, n)
			}
		}
		// One batch more may have been written, but not acknowledged.
		if _, ok := values[fmt.Sprintf("a/%d/%06d", round, n+1)]; ok {
			t.Fatalf("round %d: batch %d is there, and %d were acknowledged", round, n+1, n)
		}
	}
	if last, ok := values["last"]; ok && values["b/"+last] == "" && values["a/"+last] != "" {
		t.Fatalf("batch %s is there in part", last)
	}
	for key, a := range values {
		if name, ok := strings.CutPrefix(key, "a/"); ok && len(values["b/"+name]) != len(a) {
			t.Fatalf("batch %s is there in part", name)
		}
		if name, ok := strings.CutPrefix(key, "b/"); ok && values["a/"+name] == "" && len(values[key]) > 0 {
			t.Fatalf("batch %s is there in part", name)
		}
	}
}
