package render

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// BenchmarkLines is a list of targets in the forms that are printed as it is read: at one
// address, each at one of its own, and each with an alias of its own.
func BenchmarkLines(b *testing.B) {
	to := writeFunc(func(p []byte) (int, error) { return len(p), nil })
	for _, kind := range []struct {
		name       string
		own, alias bool // an address, an alias for each
	}{
		{"alike", false, false}, {"own", true, false}, {"alias", false, true},
	} {
		batch := initiator.Batch{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}}
		for i := range 1000 {
			t := target.Target{Name: fmt.Sprintf("iqn.2026-11.com.example:storage.disk%07d", i)}
			host := "192.0.2.10"
			if kind.own {
				host = fmt.Sprintf("10.0.%d.%d", i>>8, i&255)
			}
			if kind.alias {
				t.Alias = fmt.Sprintf("disk %d", i)
			}
			t.Addresses = []target.Address{{Host: host, Port: 3260, Group: 1}}
			batch.Add(&t)
		}
		for _, out := range []struct {
			format string
			Output
		}{
			{FormatISCSIADM, NewISCSIADMOutput(to, nil)},
			{FormatJSONL, NewJSONLOutput(to, nil)},
		} {
			b.Run(out.format+"/"+kind.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := out.Targets(&batch); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch.Len()), "ns/target")
			})
		}
	}
}

// BenchmarkResult is the line of a portal that answered.
func BenchmarkResult(b *testing.B) {
	names := &machine.InterfaceNames{List: func() ([]machine.NetInterface, error) { return nil, nil }}
	out := NewJSONLOutput(writeFunc(func(p []byte) (int, error) { return len(p), nil }), names)
	r := initiator.Result{
		Asked:         initiator.SendTargetPortal{Portal: initiator.Portal{Address: "127.1.0.10", Port: 3260}},
		InitiatorName: "iqn.2026-11.io.github.go-iscsi:host1.example.com",
		Address:       netip.MustParseAddrPort("127.1.0.10:3260"),
		Source:        netip.MustParseAddr("127.0.0.1"),
		TargetsFound:  4,
		Elapsed:       1234567,
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := out.Portal(&r); err != nil {
			b.Fatal(err)
		}
	}
}
