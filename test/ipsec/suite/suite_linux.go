package suite

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce/enforcetest"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/pkg/ipsec/userspace"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// A Suite is what package enforcetest needs to know of the world of an enforcer.
type Suite struct {
	Charon    string // its socket; empty: the kernel's policies alone
	Userspace bool   // IPsec within the process
	Source    netip.Addr
	Portal    netip.AddrPort
	Silent    netip.AddrPort
	Key       string
	Device    string
	Flags     []ipsec.Flags
	InPlace   bool
	NoESP     bool

	// Lose takes the security associations away; nil: those of the kernel.
	Lose func(t testing.TB) `json:"-"`
}

// Run runs the suite in the namespace that the test program is in.
func (s *Suite) Run(t *testing.T) {
	t.Helper()
	s.neighbor(t)
	enforcetest.Run(t, func(t *testing.T) enforcetest.Setup {
		tap := ListenOn(t, s.Device, s.Portal.Addr(), s.Silent.Addr())
		return enforcetest.Setup{
			Enforcer: s.enforcer(), Source: s.Source, Portal: s.Portal, Outer: s.Portal.Addr(), Device: s.Device, Silent: s.Silent,
			Key:   enforce.PSK{Secret: auth.NewSecret([]byte(s.Key))},
			Flags: s.Flags, InPlace: s.InPlace, NoESP: s.NoESP,
			Left:      func() enforcetest.Left { return tap.Read(t) },
			Installed: s.installed,
			Lose:      s.lose,
		}
	})
}

func (s *Suite) lose(t testing.TB) {
	if s.Lose != nil {
		s.Lose(t)
	} else if err := netlink.XfrmStateFlush(0); err != nil {
		t.Fatal(err)
	}
}

func (s *Suite) enforcer() enforce.Enforcer {
	if s.Userspace {
		return &userspace.Enforcer{}
	}
	if s.Charon == "" {
		return &xfrm.Enforcer{Wait: 1500 * time.Millisecond}
	}
	return &strongswan.Enforcer{Socket: s.Charon}
}

// neighbor gives Silent a place on the cable: what is sent there leaves, and is seen.
func (s *Suite) neighbor(t *testing.T) {
	t.Helper()
	link, err := netlink.LinkByName(s.Device)
	if err == nil {
		err = netlink.NeighSet(&netlink.Neigh{
			LinkIndex: link.Attrs().Index, State: netlink.NUD_PERMANENT, IP: s.Silent.Addr().AsSlice(),
			HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 0x77},
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// installed lists policies and associations of the kernel, and what is of ours in
// charon.
func (s *Suite) installed(t testing.TB) (all []string) {
	t.Helper()
	policies, err := netlink.XfrmPolicyList(netlink.FAMILY_ALL)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range policies {
		if p.Dir <= netlink.XFRM_DIR_FWD { // else it is of a socket
			all = append(all, fmt.Sprintf("policy %s, %s port %d to %s port %d, priority %d", p.Dir, p.Src, p.SrcPort, p.Dst, p.DstPort, p.Priority))
		}
	}
	states, err := netlink.XfrmStateList(netlink.FAMILY_ALL)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range states {
		if a.Spi != 0 { // else it is wished for
			all = append(all, fmt.Sprintf("association %s to %s, SPI %#x", a.Src, a.Dst, a.Spi))
		}
	}
	if s.Charon == "" {
		return all
	}
	list, err := (&strongswan.Enforcer{Socket: s.Charon}).Cleanup(t.Context(), false, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		all = append(all, "in charon: "+l.Name)
	}
	return all
}

// SilentFor returns a portal of the same network that does not exist.
func SilentFor(portal netip.AddrPort) netip.AddrPort {
	b := portal.Addr().AsSlice()
	b[len(b)-1] = 77
	a, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a, portal.Port())
}
