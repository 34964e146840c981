package network

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestProbe: the addresses that an array advertises are tried from where it was
// asked, and the network says what becomes of that. Nothing goes to this host.
func TestProbe(t *testing.T) {
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			at := func(addr string, port uint16) string {
				return netip.AddrPortFrom(netip.MustParseAddr(addr), port).String() + ",1"
			}
			want := map[string]string{
				at(f.array[0], 3260): "reachable",   // the portal
				at(f.array[0], 3261): "refused",     // nothing listens there
				at(f.array[1], 3260): "reachable",   // by the other cable
				at(f.portal, 3260):   "unreachable", // no route leads there
				at(f.host[0], 3260):  "not tried",   // ours, from where it was asked
				at(f.host[1], 3262):  "not tried",   // ours
			}
			w := newWays(t, f, func(target *iscsitest.Target) {
				for a := range want {
					target.Records[0].Addresses = append(target.Records[0].Addresses, a)
				}
			})
			own, err := w.Listen(t.Context(), netip.AddrPortFrom(netip.MustParseAddr(f.host[1]), 3262))
			if err != nil {
				t.Fatal(err)
			}
			server := iscsitest.ListenWith(t, own, &iscsitest.Target{})
			for _, from := range []from{all("host"), w.at(f.host[0])} {
				for _, kind := range []initiator.ProbeKind{initiator.ProbeTCP, initiator.ProbeLogin} {
					r := w.ask(from, f.array[0])
					w.NewProber(kind).ProbeTargets(t.Context(), &r)
					got := make(map[string]string)
					for _, a := range r.Targets[0].Addresses {
						got[a.String()] = a.Reach.String()
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s, %+v (-want +got):\n%s%v", kind, from, diff, r.Warnings)
					}
				}
				w.first.saw(f.host[0], f.host[0]) // to be asked, and no more
				// Connections are accepted in turn, so the first is there as well.
				for i, s := range w.second.saw(f.host[0], f.host[0]) {
					if _, named := s.Key("InitiatorName"); named != (i == 1) {
						t.Errorf("probe %d logged in: %t", i, named)
					}
				}
			}
			if s := server.Sessions(); len(s) > 0 {
				t.Errorf("this host was tried: %v", s)
			}
		})
	}
}
