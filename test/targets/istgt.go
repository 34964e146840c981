package targets

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
)

// An IstgtConfig says how StartIstgt starts istgt.
type IstgtConfig struct {
	Namespace *netns.Namespace // nil: where the test is
	Addrs     []netip.Addr     // empty: 127.0.0.1
	Port      uint16           // zero: a free one
	Targets   []string         // empty: one
	Discovery CHAP             // zero: none. Mutual refuses those who ask for one way only
	// Users are more users for discovery, next to that of Discovery.
	Users []CHAP
}

// StartIstgt starts istgt. It is ready when StartIstgt returns, and stopped at
// the end of the test. It lists, for each target, all its portals.
func StartIstgt(t testing.TB, cfg IstgtConfig) *Target {
	t.Helper()
	need.Linux(t)
	daemon := need.Program(t, "istgt")
	cfg.Addrs = or(cfg.Addrs, Loopback())
	cfg.Targets = or(cfg.Targets, Names("istgt", 1))
	var g *Target
	onPort(t, cfg.Namespace, cfg.Addrs, cfg.Port, func(port uint16) error {
		g = &Target{Portals: portals(cfg.Addrs, port), Targets: cfg.Targets, Namespace: cfg.Namespace}
		return g.startIstgt(t, daemon, cfg)
	})
	return g
}

// startIstgt starts the daemon and waits until it listens.
func (g *Target) startIstgt(t testing.TB, daemon string, cfg IstgtConfig) error {
	f := istgtFiles{folder: t.TempDir(), portals: g.Portals, cfg: cfg}
	if err := f.write(); err != nil {
		return err
	}
	// With -D it stays our child. Killing it is safe, as it keeps nothing
	// that we want, and asking it to end takes it up to four seconds.
	cmd := exec.Command(daemon, "-D", "-c", f.path("istgt.conf"), "-p", f.path("istgt.pid"))
	cmd.Dir = f.folder
	if err := g.run(t, cmd); err != nil {
		return err
	}
	err := g.await(func() error {
		// It writes its number when it has opened all its portals. Before,
		// an answer on a port could be another program's.
		if pid, err := os.ReadFile(f.path("istgt.pid")); err != nil || strings.TrimSpace(string(pid)) == "" {
			return errAgain
		}
		return g.answers()
	})
	if err != nil && strings.Contains(g.output.String(), "istgt_open_portal() failed") {
		return fmt.Errorf("%w: %w", errTaken, err)
	}
	return err
}

// answers tells whether all portals accept connections.
func (g *Target) answers() error {
	for _, p := range g.Portals {
		ctx, cancel := context.WithTimeout(context.Background(), startLimit)
		conn, err := g.Namespace.Dial(ctx, netip.AddrPort{}, p)
		cancel()
		if err != nil {
			return fmt.Errorf("%w: %w", errAgain, err)
		}
		conn.Close()
	}
	return nil
}

// istgtFiles are the files that istgt reads.
type istgtFiles struct {
	folder  string
	portals []netip.AddrPort
	cfg     IstgtConfig
}

func (f *istgtFiles) path(name string) string { return filepath.Join(f.folder, name) }

func (f *istgtFiles) write() error {
	if err := os.WriteFile(f.path("auth.conf"), f.auth(), 0o600); err != nil {
		return fmt.Errorf("targets: %w", err)
	}
	if err := os.WriteFile(f.path("istgt.conf"), f.config(), 0o600); err != nil {
		return fmt.Errorf("targets: %w", err)
	}
	return nil
}
