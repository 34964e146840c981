package targets

import (
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
)

// A TgtConfig says how StartTgt starts tgt.
type TgtConfig struct {
	Namespace *netns.Namespace // nil: where the test is
	Addrs     []netip.Addr     // empty: 127.0.0.1
	Port      uint16           // zero: a free one
	Targets   []string         // empty: one
	Discovery CHAP             // zero: none
	// Initiators are, by target, those to whom it shows itself: "ALL", an
	// address, a prefix, or a name. A target that is not in it, to all.
	Initiators map[string][]string
	LUN        bool // give each target a LUN without storage
}

// A Tgt is tgtd from the Linux SCSI target framework. It lists, for each
// target, only the address to which the initiator connected.
type Tgt struct {
	Target
	admin *tgtadm
}

// StartTgt starts tgtd. It is ready when StartTgt returns, and stopped at the
// end of the test.
func StartTgt(t testing.TB, cfg TgtConfig) *Tgt {
	t.Helper()
	need.Linux(t)
	daemon, admin := need.Program(t, "tgtd"), need.Program(t, "tgtadm")
	cfg.Addrs = or(cfg.Addrs, Loopback())
	cfg.Targets = or(cfg.Targets, Names("tgt", 1))
	var g *Tgt
	onPort(t, cfg.Namespace, cfg.Addrs, cfg.Port, func(port uint16) error {
		g = &Tgt{
			Target: Target{Portals: portals(cfg.Addrs, port), Namespace: cfg.Namespace},
			admin:  &tgtadm{path: admin, folder: t.TempDir(), numbers: make(map[string]int)},
		}
		return g.start(t, daemon)
	})
	// A target first: without any, tgtd hangs up on whoever connects.
	g.Add(t, cfg.Targets, cfg.Initiators, cfg.LUN)
	g.SetDiscovery(t, cfg.Discovery)
	return g
}

// Add adds targets while tgtd runs, with initiators and LUNs as in a TgtConfig.
func (g *Tgt) Add(t testing.TB, names []string, initiators map[string][]string, lun bool) {
	t.Helper()
	if err := g.admin.add(names, initiators, lun); err != nil {
		t.Fatal(err)
	}
	g.Targets = append(g.Targets, names...)
}

// Remove removes a target while tgtd runs. Without any left, tgtd hangs up on
// whoever connects.
func (g *Tgt) Remove(t testing.TB, name string) {
	t.Helper()
	if err := g.admin.remove(name); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, n := range g.Targets {
		if n != name {
			left = append(left, n)
		}
	}
	g.Targets = left
}

// SetDiscovery changes what tgtd asks of those who want to discover.
func (g *Tgt) SetDiscovery(t testing.TB, c CHAP) {
	t.Helper()
	if err := g.admin.setDiscovery(c); err != nil {
		t.Fatal(err)
	}
}

// Admin runs tgtadm with more arguments than "--lld iscsi" and returns what it
// printed.
func (g *Tgt) Admin(t testing.TB, args ...string) string {
	t.Helper()
	out, err := g.admin.run(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// start starts the daemon and waits until it listens where it should.
func (g *Tgt) start(t testing.TB, daemon string) error {
	var list []string
	for _, p := range g.Portals {
		list = append(list, "portal="+p.String())
	}
	cmd := exec.Command(daemon, "-f", "--iscsi", strings.Join(list, ","))
	g.admin.prepare(cmd)
	if err := g.run(t, cmd); err != nil {
		return err
	}
	var printed string
	err := g.await(func() (err error) {
		if printed, err = g.admin.run("--op", "show", "--mode", "portal"); err != nil {
			return fmt.Errorf("%w: %w", errAgain, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Where a port is taken, tgtd goes on without that portal, or even with
	// all addresses and port 3260 instead. It answers only after that.
	for _, p := range g.Portals {
		if !strings.Contains(printed, "Portal: "+p.String()+",") {
			g.Stop()
			return fmt.Errorf("%w: tgtd listens on %q: %s", errTaken, printed, g.output)
		}
	}
	return nil
}
