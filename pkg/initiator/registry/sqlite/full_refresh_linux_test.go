package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/internal/owndisk"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

func init() { roles["full refresh"] = refreshUntilFull }

// TestRefreshFull refreshes portals while a disk, of which a child gets its own, has less and
// less space: results that cannot be stored say so, what others said is there, and with some
// room all goes on.
func TestRefreshFull(t *testing.T) {
	t.Parallel()
	t.Logf("%s", owndisk.Output(t, child(t, "full refresh", filepath.Join(t.TempDir(), "registry.db"))))
}

func refreshUntilFull(ctx context.Context, path string, _ []string) error {
	const size = 16 << 20
	if err := owndisk.Mount(filepath.Dir(path), size); err != nil {
		return err
	}
	ballast := filepath.Join(filepath.Dir(path), "ballast")
	acknowledged, a, full := make([]int, refreshed), new(array), 0
	s, err := sqlite.Open(ctx, path)
	if err == nil {
		err = a.list(ctx, s)
	}
	if err != nil {
		return err
	}
	service, err := a.service(s)
	if err != nil {
		return err
	}
	for round := 1; round <= 24; round++ {
		room := round%2 == 1 // in turn with fewer and fewer pages
		if room {
			err = os.Remove(ballast)
		} else {
			err = os.WriteFile(ballast, make([]byte, size-(24-round)*64<<10), 0o600)
		}
		if err != nil && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		a.round.Store(int64(round))
		for r := range service.RefreshAll(ctx) {
			switch {
			case r.Err == nil:
				acknowledged[r.Asked.Portal.Literal().As4()[3]] = round
			case room:
				return fmt.Errorf("with room: %w", r.Err)
			default:
				full++
				if err := wantFull(r.Err); err != nil {
					return err
				}
			}
		}
		if err := verifyRefreshed(s, acknowledged); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
	}
	fmt.Println(full, "results could not be stored")
	if full == 0 {
		return errors.New("the disk was never full")
	}
	return s.Close()
}
