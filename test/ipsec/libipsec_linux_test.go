package ipsec_test

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/uml"
)

// libipsecPlugin is where Debian has charon's IPsec that needs no kernel.
const libipsecPlugin = "/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so"

// libipsec has charon do IPsec within its process. What it sends itself it marks, so that
// it does not come to it again by the routes that it makes.
var libipsec = []string{
	"load = random nonce openssl aes sha1 sha2 hmac kdf gcm gmp pem pkcs1 x509 pubkey constraints kernel-libipsec kernel-netlink socket-default vici updown",
	"plugins { kernel-libipsec { allow_peer_ts = yes } socket-default { fwmark = 0x42 } kernel-netlink { fwmark = !0x42 } }",
}

// A libipsecWorld is a world whose peer is charon without the kernel's IPsec, and tgt.
type libipsecWorld struct {
	*world
	charon *charon
}

// newLibipsecWorld makes one. It takes neither a guest nor ESP in the host's kernel.
func newLibipsecWorld(t *testing.T, v6 bool, options ...string) *libipsecWorld {
	t.Helper()
	for file, remedy := range map[string]string{libipsecPlugin: "apt-get install libcharon-extra-plugins", "/dev/net/tun": "modprobe tun"} {
		if _, err := os.Stat(file); err != nil {
			need.Missing(t, file, remedy)
		}
	}
	w := newWorld(t, v6)
	tgt := targets.StartTgt(t, targets.TgtConfig{Namespace: w.target, Addrs: []netip.Addr{w.portal.Addr()}, Targets: []string{disk}})
	w.portal = tgt.Portals[0]
	options = append(append(options, libipsec...), allowAggressive)
	return &libipsecWorld{world: w, charon: startCharon(t, w.target, options...)}
}

// job returns a discovery within the process, in tunnel mode, which is all that libipsec
// has, and tells the peer of it.
func (w *libipsecWorld) job(t *testing.T, ike ipsec.IKEVersion, flags ipsec.Flags) job.Job {
	t.Helper()
	return w.jobWith(t, ike, flags, "", "")
}

// jobWith is job for a peer that takes nothing but these proposals; empty: the usual ones.
func (w *libipsecWorld) jobWith(t *testing.T, ike ipsec.IKEVersion, flags ipsec.Flags, peerIKE, peerESP string) job.Job {
	t.Helper()
	flags |= job.FlagsIKE | ipsec.FlagTunnel
	p := uml.Protection{
		Version: int(ike), Aggressive: flags.Has(ipsec.FlagAggressive), Tunnel: true, PFS: flags.Has(ipsec.FlagPFS),
		Key: hostKey, IKE: peerIKE, ESP: peerESP,
	}
	w.charon.load(t, p.ForPeer("peer", w.portal.Addr(), w.source))
	return job.Job{
		Do: job.Discover, Enforcer: job.Userspace, IKE: ike, Source: w.source, Portal: w.portal,
		Flags: flags, Key: hostKey, Outer: w.portal.Addr(), Timeout: limit,
	}
}

// TestUserspace: IPsec within the process of an ordinary user, and within that of the
// peer's charon.
func TestUserspace(t *testing.T) {
	need.Root(t)
	for _, v6 := range []bool{false, true} {
		t.Run(fmt.Sprintf("IPv6 %v", v6), func(t *testing.T) {
			w := newLibipsecWorld(t, v6)
			for _, exchange := range []ipsec.Flags{ipsec.FlagMain, ipsec.FlagAggressive, 0} {
				for _, pfs := range []ipsec.Flags{0, ipsec.FlagPFS} {
					ike := ipsec.IKEv1
					if exchange == 0 {
						ike = ipsec.IKEv2
					}
					t.Run(fmt.Sprintf("IKEv%s %s", ike, job.FlagsIKE|ipsec.FlagTunnel|exchange|pfs), func(t *testing.T) { w.testAsked(t, ike, exchange|pfs) })
				}
			}
			t.Run("transport", w.testNoTransport)
		})
	}
}

func (w *libipsecWorld) testAsked(t *testing.T, ike ipsec.IKEVersion, flags ipsec.Flags) {
	j := w.job(t, ike, flags)
	tap := w.tap(t)
	r := j.RunChild(t)
	traffic := tap.stop(t)
	if r.Error != "" || len(r.Targets) != 1 || r.Targets[0] != disk {
		t.Errorf("got %q (%s) and targets %v, want %s", r.Error, r.Code, r.Targets, disk)
	}
	if p := r.Proof; p == nil || p.Enforcer != job.Userspace || p.Mode != "tunnel" || p.BytesIn == 0 || p.BytesOut == 0 {
		t.Errorf("proof: got %+v", p)
	}
	if len(ours(traffic.Clear, j.Source, j.Portal.Addr())) > 0 || traffic.IKE == 0 || traffic.ESPInUDP == 0 || traffic.ESP > 0 {
		t.Errorf("on the wire: %+v, want IKE and ESP in UDP alone", *traffic)
	}
	uml.AwaitNone(t, "the end of what the peer has", func() string {
		out, err := w.charon.control("--list-sas")
		if err != nil {
			return err.Error()
		}
		return out
	})
}

// ours returns what left in clear text that the peer is not to blame for. A peer with
// libipsec has no policy in the kernel: on a busy machine it repeats the end of its
// connection in clear text after its associations are gone, and our kernel answers that as
// it answers for any closed port: by a reset, which has no byte of the connection.
func ours(lines []string, us, peer netip.Addr) (list []string) {
	fromPeer := fmt.Sprintf("%s to %s: TCP", peer, us)
	reset := fmt.Sprintf("%s to %s: TCP", us, peer)
	for _, l := range lines {
		if strings.Contains(l, fromPeer) && strings.Contains(l, "SYN false") && strings.HasSuffix(l, ", 0 bytes") || strings.Contains(l, reset) && strings.HasSuffix(l, "RST true, 0 bytes") {
			continue
		}
		list = append(list, l)
	}
	return list
}

// testNoTransport: libipsec refuses transport mode, and then there is no connection, in
// tunnel mode neither.
func (w *libipsecWorld) testNoTransport(t *testing.T) {
	j := w.job(t, ipsec.IKEv1, ipsec.FlagMain)
	j.Flags = job.MainTransport
	tap := w.tap(t)
	r := j.RunChild(t)
	traffic := tap.stop(t)
	if r.Code != job.CodeFailed || !strings.Contains(r.Error, enforce.TrafficSelectors.String()) {
		t.Errorf("got %q (%s), want that the peer does not agree on the mode", r.Error, r.Code)
	}
	if len(traffic.Clear) > 0 || traffic.Protected() > 0 {
		t.Errorf("on the wire: %+v, want IKE alone", *traffic)
	}
}

// TestPrivileges: a job that is to have none notices what it has.
func TestPrivileges(t *testing.T) {
	need.Root(t)
	j := job.Job{Do: job.Look, Unprivileged: true}
	if r := j.Run(t.Context()); !strings.Contains(r.Error, "is to have no privileges") {
		t.Errorf("got %q, want that it has privileges", r.Error)
	}
	j.Source, j.Portal = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddrPort("192.0.2.2:3260")
	if r := j.RunChild(t); r.Existing != ipsec.ExistingUnknown.String() {
		t.Errorf("got %+v, want that the kernel does not let it look", r)
	}
}
