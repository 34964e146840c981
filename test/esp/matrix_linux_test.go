package esp_test

import (
	"fmt"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/test/ipsec/job"
)

// testMatrix: each version, exchange, mode and family, with perfect forward secrecy and
// without, with a real target.
func (l *lab) testMatrix(t *testing.T) {
	for _, exchange := range []ipsec.Flags{ipsec.FlagMain, ipsec.FlagAggressive, 0} {
		for _, v6 := range []bool{false, true} {
			for _, mode := range []ipsec.Flags{ipsec.FlagTransport, ipsec.FlagTunnel} {
				for _, pfs := range []ipsec.Flags{0, ipsec.FlagPFS} {
					ike := ipsec.IKEv1
					if exchange == 0 {
						ike = ipsec.IKEv2
					}
					flags := job.FlagsIKE | exchange | mode | pfs
					t.Run(fmt.Sprintf("IKEv%s, %s, IPv6 %v", ike, flags, v6), func(t *testing.T) { l.testCase(t, ike, flags, v6) })
				}
			}
		}
	}
}

// testCase has the enforcers ask the same peer, one after the other.
func (l *lab) testCase(t *testing.T, ike ipsec.IKEVersion, flags ipsec.Flags, v6 bool) {
	plan, err := ipsec.Settings{Flags: flags}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	exchange := plan.Exchange.String()
	if ike == ipsec.IKEv2 {
		exchange = enforce.ExchangeIKEv2
	}
	own, system := l.userspace(ike, flags, v6), l.job(flags, v6)
	system.IKE = ike
	p := protectionFor(own)
	p.Also = own.Source
	l.peer.Require(t, system.Source, system.Outer, p)
	t.Run("strongswan", func(t *testing.T) { l.testDiscovery(t, system, exchange) })
	t.Run("userspace", func(t *testing.T) { l.asks(t, own) })
}
