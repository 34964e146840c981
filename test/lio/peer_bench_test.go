//go:build linux

package lio

import (
	"context"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/uml"
)

// peer returns a guest in which iscsiadm works, and the module's programs are that
// are named.
func peer(b *testing.B, programs ...string) *uml.Guest {
	b.Helper()
	need.Program(b, "iscsiadm")
	need.Program(b, "iscsid")
	cfg := uml.Config{Far: []netip.Prefix{first}, Memory: 512}
	for _, p := range programs {
		cfg.Programs = append(cfg.Programs, uml.Program{Name: path.Base(p), Package: "github.com/go-iscsi/discovery/" + p})
	}
	guest := uml.Start(b, cfg)
	guest.Run(b, "rm", "-rf", "/etc/iscsi", "/var/lib/iscsi")
	guest.Put(b,
		uml.File{Path: "/etc/iscsi/initiatorname.iscsi", Data: []byte("InitiatorName=" + initiatorName + "\n")},
		uml.File{Path: "/etc/iscsi/iscsid.conf", Data: []byte("iscsid.startup = /bin/false\n")})
	guest.Run(b, "modprobe", "iscsi_tcp")
	guest.Start(b, uml.Command{Args: []string{"iscsid", "-f"}})
	return guest
}

// BenchmarkGuestSweep has iscsiadm, and its daemon, sweep beside the command, against
// the canned target of test/bench. What is told is its table.
func BenchmarkGuestSweep(b *testing.B) {
	guest := peer(b, "cmd/discover", "test/bench")
	guest.Run(b, "ip", "link", "set", "lo", "up")
	for b.Loop() {
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
		var table strings.Builder
		err := guest.Exec(ctx, uml.Command{Args: []string{
			"bench", "-only", "sweep", "-iscsid", "-command", "discover", "-portals", "500", "-few", "60", "-parallel", "16",
		}}, &table)
		cancel()
		if err != nil {
			b.Fatal(err)
		}
		b.Log(table.String())
	}
}

// BenchmarkGuest compares the command with iscsiadm, and its daemon, in one guest:
// each asks a portal of LIO there, one process after the other. What is told are
// medians of five alternating rounds.
func BenchmarkGuest(b *testing.B) {
	guest := peer(b, "cmd/discover")
	guest.StartLIO(b).Add(b, named(targets.Names("lio", 4)...)...)

	const rounds, runs = 5, 10
	portal := netip.AddrPortFrom(guest.Addresses[0], uml.LIOPort).String()
	clients := []string{"iscsiadm -m discovery -t sendtargets -p " + portal, "discover scan -o iscsiadm " + portal}
	for b.Loop() {
		took := make([][]float64, len(clients))
		for round := range rounds + 1 { // the first warms up
			for i, client := range clients {
				if wall := timed(b, guest, client, runs); round > 0 {
					took[i] = append(took[i], wall/runs*1000)
				}
			}
		}
		ratio := make([]float64, rounds)
		for r := range ratio {
			ratio[r] = took[0][r] / took[1][r]
		}
		b.ReportMetric(middle(took[0]), "iscsiadm-ms/run")
		b.ReportMetric(middle(took[1]), "discover-ms/run")
		b.ReportMetric(middle(ratio), "iscsiadm/discover")
	}
}

// timed returns the seconds that runs of a client take in the guest.
func timed(b *testing.B, guest *uml.Guest, client string, runs int) (wall float64) {
	b.Helper()
	loop := fmt.Sprintf("set -e; TIMEFORMAT=%%R; time for i in {1..%d}; do %s >/dev/null 2>&1; done", runs, client)
	out := guest.Run(b, "bash", "-c", "("+loop+") 2>&1")
	if _, err := fmt.Sscan(strings.TrimSpace(out), &wall); err != nil || wall <= 0 {
		b.Fatalf("%s: %q", client, out)
	}
	return wall
}

func middle(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
