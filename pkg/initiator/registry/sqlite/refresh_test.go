package sqlite_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

func init() { roles["refresher"] = refreshUntilKilled }

// Portals that answer otherwise in each round: the last has so many targets that they take
// several batches.
const (
	refreshed   = 12
	fewTargets  = 4
	manyTargets = 1500
)

// An array is the portals.
type array struct {
	round atomic.Int64 // all their targets are at this TCP port
}

// dial connects to a portal.
func (a *array) dial(_ context.Context, _ netip.Addr, dst netip.AddrPort) (net.Conn, error) {
	n := fewTargets
	if last := dst.Addr().As4()[3]; last == refreshed-1 {
		n = manyTargets
	}
	t := &iscsitest.Target{}
	for i := range n {
		t.Records = append(t.Records, iscsitest.Record{Name: fmt.Sprintf("iqn.2026-11.com.example:disk%06d", i), Addresses: []string{fmt.Sprintf("192.0.2.1:%d,1", a.round.Load())}})
	}
	ours, theirs := net.Pipe()
	go func() { _ = iscsitest.Serve(theirs, t) }()
	return ours, nil
}

// service returns a Service on a store that asks the portals.
func (a *array) service(store registry.Store) (*registry.Service, error) {
	return registry.Open(registry.Config{
		Store:      store,
		Discoverer: &initiator.Discoverer{InitiatorName: "iqn.2026-11.com.example:host", Dial: a.dial},
		Addresses:  func() ([]ports.Address, error) { return nil, nil },
	})
}

// list makes a registry of the portals.
func (a *array) list(ctx context.Context, s *sqlite.Store) error {
	var changes []registry.Change
	for i := range refreshed {
		changes = append(changes, set(fmt.Sprintf("portal/192.0.2.%d/03260//4294967295", i),
			fmt.Sprintf(`{"instance":"","port":4294967295,"address":"192.0.2.%d","tcp_port":3260,"login":{},"added":"2026-11-29T12:00:00Z"}`, i)))
	}
	return s.Apply(ctx, changes...)
}

// refreshUntilKilled refreshes all portals in rounds, and says so on standard output for each
// result.
func refreshUntilKilled(ctx context.Context, path string, args []string) error {
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	a := new(array)
	s, err := a.service(store)
	if err != nil {
		return err
	}
	first, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	for round := first; ; round++ {
		a.round.Store(int64(round))
		for r := range s.RefreshAll(ctx) {
			if r.Err != nil {
				return r.Err
			}
			if _, err := fmt.Fprintln(os.Stdout, round, r.Asked.Portal.Literal().As4()[3]); err != nil {
				return err
			}
		}
	}
}

// verifyRefreshed holds a registry to what was acknowledged of each portal, in rounds: no
// target is older, and where an entry has the digest of an answer its targets are of one.
func verifyRefreshed(s *sqlite.Store, acknowledged []int) error {
	ctx := context.Background()
	service, err := new(array).service(s)
	if err != nil {
		return err
	}
	digested := make(map[string]bool)
	for r, err := range s.List(ctx, "portal/") {
		var entry struct {
			Address string `json:"address"`
			Answer  struct{ Digest []byte }
		}
		if err == nil {
			err = json.Unmarshal(r.Value, &entry)
		}
		if err != nil {
			return err
		}
		digested[entry.Address] = len(entry.Answer.Digest) > 0
	}
	rounds := make(map[string]int)
	for t, err := range service.Targets(ctx, false) {
		if err != nil {
			return err
		}
		for _, m := range t.Mechanisms {
			at, round := m.Portal.Portal.Address, int(m.Addresses[0].Port)
			if i := m.Portal.Portal.Literal().As4()[3]; round < acknowledged[i] {
				return fmt.Errorf("%s at %s is of round %d, and %d was acknowledged", t.Name, at, round, acknowledged[i])
			}
			if before, ok := rounds[at]; digested[at] && ok && round != before {
				return fmt.Errorf("%s has a digest, and targets of rounds %d and %d", at, before, round)
			}
			rounds[at] = round
		}
	}
	if len(rounds) < refreshed && acknowledged[refreshed-1] > 0 {
		return fmt.Errorf("targets of %d portals", len(rounds))
	}
	return nil
}

// TestRefreshKilled kills a process that refreshes, again and again: what its results said is
// in the registry, and no digest is there before the records of its answer.
func TestRefreshKilled(t *testing.T) {
	t.Parallel()
	kills := 30
	if testing.Short() {
		kills = 5
	}
	path := filepath.Join(t.TempDir(), "registry.db")
	s := open(t, path)
	if err := new(array).list(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	acknowledged, results := make([]int, refreshed), 0
	for range kills {
		first := 1
		for _, n := range acknowledged {
			first = max(first, n+2) // one more may be in the registry
		}
		cmd := child(t, "refresher", path, strconv.Itoa(first))
		out := lines(t, cmd)
		var kill *time.Timer
		for out.Scan() {
			if kill == nil {
				kill = time.AfterFunc(rand.N(300*time.Millisecond), func() { _ = cmd.Process.Kill() })
			}
			var round, portal int
			if _, err := fmt.Sscan(out.Text(), &round, &portal); err != nil {
				t.Fatalf("%q: %v", out.Text(), err)
			}
			acknowledged[portal] = round
			results++
		}
		if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != -1 {
			t.Fatalf("the refresher was not killed: %v", err)
		}
		s := open(t, path)
		if err := verifyRefreshed(s, acknowledged); err != nil {
			t.Fatal(err)
		}
		closeStore(t, s)
	}
	t.Logf("%d results acknowledged", results)
}

// TestRefreshLocked: a registry that another process has locked costs a refresh its results,
// with errors that say so; afterwards all is as the portals say.
func TestRefreshLocked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "registry.db")
	s := open(t, path)
	a := new(array)
	if err := a.list(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	s, err := sqlite.OpenLimit(t.Context(), path, 20*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer closeStore(t, s)
	service, err := a.service(s)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 4 {
		a.round.Store(int64(round + 1))
		end := func() {}
		if round == 1 {
			end = occupy(t, path)
		}
		n := 0
		for r := range service.RefreshAll(t.Context()) {
			if n++; round == 1 {
				wantProblem(t, r.Err, sqlite.Busy)
			} else if r.Err != nil {
				t.Errorf("round %d: %v", round, r.Err)
			} else if round == 2 && len(r.Changes) != r.TargetsFound { // against the round before the last
				t.Errorf("%d changes of %d targets", len(r.Changes), r.TargetsFound)
			}
		}
		if n != refreshed {
			t.Errorf("round %d: %d results", round, n)
		}
		end()
	}
	if err := verifyRefreshed(s, slices.Repeat([]int{4}, refreshed)); err != nil {
		t.Error(err)
	}
}
