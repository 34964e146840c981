package integration

import (
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/test/targets"
)

func TestIstgt(t *testing.T) {
	t.Parallel()
	need.IPv6(t)
	g := targets.StartIstgt(t, targets.IstgtConfig{Addrs: []netip.Addr{loopback4, another4, loopback6}, Targets: targets.Names("istgt", 3)})
	for _, portal := range g.Portals {
		same(t, everywhere(g.Targets, "1", g.Portals...), portals(discover(t, at(portal, targets.CHAP{}))))
	}
}

// TestIstgtDigests: digests that are really on.
func TestIstgtDigests(t *testing.T) {
	t.Parallel()
	g := targets.StartIstgt(t, targets.IstgtConfig{})
	for _, header := range []login.DigestType{login.DigestNone, login.DigestCRC32C, login.DigestPreferCRC32C} {
		for _, data := range []login.DigestType{login.DigestNone, login.DigestCRC32C, login.DigestPreferCRC32C} {
			t.Run(header.String()+" "+data.String(), func(t *testing.T) {
				p := at(g.Portals[0], targets.CHAP{})
				p.Login.Specified = login.SpecifiedHeaderDigest | login.SpecifiedDataDigest
				p.Login.HeaderDigest, p.Login.DataDigest = header, data
				same(t, everywhere(g.Targets, "1", g.Portals...), portals(discover(t, p)))
			})
		}
	}
}

// TestIstgtCHAP: challenges of 1024 bytes, and 300 targets, which istgt cuts
// short for those who do not declare MaxRecvDataSegmentLength.
func TestIstgtCHAP(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		has, give targets.CHAP
		code      uint32
	}{
		{name: "one-way", has: oneWay, give: oneWay},
		{name: "mutual", has: mutual, give: mutual},
		{name: "wrong secret", has: oneWay, give: targets.CHAP{User: "disc", Secret: "another-secret"}, code: isdsc.AuthenticationFailure},
		{name: "wrong target secret", has: mutual, give: targets.CHAP{User: "disc", Secret: "secret-secret12", TargetUser: "tgtout", TargetSecret: "another-secret"},
			code: isdsc.AuthenticationFailure},
		{name: "one-way where mutual is wanted", has: mutual, give: oneWay, code: isdsc.AuthenticationFailure},
		{name: "nothing given", has: oneWay, code: isdsc.AuthenticationFailure},
		{name: "CHAP that is not wanted", give: oneWay, code: isdsc.AuthenticationFailure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := targets.StartIstgt(t, targets.IstgtConfig{Targets: targets.Names("istgt", 300), Discovery: tt.has})
			r, err := newDiscoverer().Discover(t.Context(), at(g.Portals[0], tt.give))
			if got := initiator.Code(err); got != tt.code {
				t.Fatalf("code %s, want %s: %v", isdsc.Name(got), isdsc.Name(tt.code), err)
			}
			if err == nil {
				same(t, everywhere(g.Targets, "1", g.Portals...), portals(r))
			}
		})
	}
}
