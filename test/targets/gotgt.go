package targets

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"runtime"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/targets/gotgt"
)

// A GotgtConfig says how StartGotgt starts gotgt.
type GotgtConfig struct {
	Namespace *netns.Namespace // nil: where the test is
	// Addrs are the addresses that gotgt advertises, in portal group 1;
	// empty: 127.0.0.1. It listens on all addresses there are, so a test
	// that is root gives it a Namespace, or its whole package one.
	Addrs   []netip.Addr
	Port    uint16   // zero: a free one
	Targets []string // empty: one
	LUN     bool     // give each target a LUN without storage
	// Groups, if not empty, are the portal groups to advertise instead of
	// Addrs, verbatim.
	Groups []gotgt.Group
}

// StartGotgt starts gotgt. It is ready when StartGotgt returns, and stopped at
// the end of the test.
func StartGotgt(t testing.TB, cfg GotgtConfig) *Target {
	t.Helper()
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		need.Missing(t, gotgt.ErrSystem.Error(), "run it on Linux")
	}
	program := gotgtProgram(t)
	cfg.Addrs = or(cfg.Addrs, Loopback())
	cfg.Targets = or(cfg.Targets, Names("gotgt", 1))
	everywhere := []netip.Addr{netip.IPv6Unspecified()}
	if !need.HasIPv6() {
		everywhere = []netip.Addr{netip.IPv4Unspecified()}
	}
	var g *Target
	onPort(t, cfg.Namespace, everywhere, cfg.Port, func(port uint16) error {
		g = &Target{Portals: portals(cfg.Addrs, port), Targets: cfg.Targets, Namespace: cfg.Namespace}
		return g.startGotgt(t, program, cfg.serve(port))
	})
	return g
}

// startGotgt starts the child and waits until it listens.
func (g *Target) startGotgt(t testing.TB, program string, cfg gotgt.Config) error {
	cmd := exec.Command(program)
	link, err := gotgt.Connect(cmd)
	if err != nil {
		return err
	}
	t.Cleanup(link.Close)
	if err := g.run(t, cmd); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	err = link.Serve(ctx, cfg)
	if errors.Is(err, gotgt.ErrNotReady) {
		<-g.process.Done()
		return fmt.Errorf("%w: %w: %s", errTaken, err, g.output)
	}
	return err
}

// serve returns the child's configuration.
func (c *GotgtConfig) serve(port uint16) gotgt.Config {
	groups := c.Groups
	if len(groups) == 0 {
		var list []string
		for _, p := range portals(c.Addrs, port) {
			list = append(list, p.String())
		}
		groups = []gotgt.Group{{Tag: 1, Portals: list}}
	}
	out := gotgt.Config{Port: port}
	for _, name := range c.Targets {
		target := gotgt.Target{Name: name, Groups: groups}
		if c.LUN {
			target.LUN = gotgt.Null
		}
		out.Targets = append(out.Targets, target)
	}
	return out
}
