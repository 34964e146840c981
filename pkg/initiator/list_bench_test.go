package initiator

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/target/targettest"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// BenchmarkList is a list of targets that have in common what those of one portal
// mostly have, and of some that have less.
func BenchmarkList(b *testing.B) {
	const targets = 3000
	for _, tt := range []struct {
		name   string
		record func(i int) string
	}{
		{"alike", func(i int) string {
			return targettest.Record(fmt.Sprintf("storage.disk%07d", i), "TargetAddress=192.0.2.10:3260,1")
		}},
		{"four addresses", func(i int) string {
			return targettest.Record(fmt.Sprintf("storage.disk%07d", i), "TargetAddress=192.0.2.10:3260,1", "TargetAddress=192.0.2.11:3260,1", "TargetAddress=192.0.2.12:3260,2", "TargetAddress=192.0.2.13:3260,2")
		}},
		{"addresses in turn", func(i int) string {
			return targettest.Record(fmt.Sprintf("storage.disk%07d", i), fmt.Sprintf("TargetAddress=192.0.2.%d:3260,1", 10+i%4))
		}},
		{"aliases", func(i int) string {
			return targettest.Record(fmt.Sprintf("storage.disk%07d", i), fmt.Sprintf("TargetAlias=disk %d", i), "TargetAddress=192.0.2.10:3260,1")
		}},
		{"own addresses", func(i int) string {
			return targettest.Record(fmt.Sprintf("storage.disk%07d", i), fmt.Sprintf("TargetAddress=10.%d.%d.%d:3260,1", i>>16, i>>8&255, i&255))
		}},
		{"two own addresses", func(i int) string {
			return targettest.Record(fmt.Sprintf("storage.disk%07d", i), fmt.Sprintf("TargetAddress=10.1.%d.%d:3260,1", i>>8, i&255), fmt.Sprintf("TargetAddress=10.2.%d.%d:3260,2", i>>8, i&255))
		}},
		{"own IPv6 addresses", func(i int) string {
			return targettest.Record(fmt.Sprintf("storage.disk%07d", i), fmt.Sprintf("TargetAddress=[2001:db8::%x]:3260,1", i+1))
		}},
		{"other names", func(i int) string {
			return targettest.Record(fmt.Sprintf("%016x.disk", uint64(i+1)*0x9e3779b97f4a7c15), "TargetAddress=192.0.2.10:3260,1")
		}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			var text []byte
			for i := range targets {
				text = append(text, tt.record(i)...)
			}
			p := &pool{d: &Discoverer{}}
			p.delivery = &inline{yield: func(*Batch) bool { return true }, cancel: func() {}, batches: &p.batches}
			a := newAttempt(p)
			l := &a.parser
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				a.reset()
				l.Reset(netip.MustParseAddrPort("192.0.2.1:3260"), targets)
				if err := l.Text(pdu.Text(text)); err != nil {
					b.Fatal(err)
				}
				if err := l.Close(); err != nil || a.handOn() != nil || a.result.TargetsFound != targets || len(a.warnings.kept) > 0 {
					b.Fatalf("%d targets, %v, %v", a.result.TargetsFound, err, a.warnings.kept)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/targets, "ns/target")
		})
	}
}
