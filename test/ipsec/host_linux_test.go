package ipsec_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/test/ipsec/job"

	"github.com/vishvananda/netlink"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
)

// hostKey is the preshared key of the tests on the host's kernel.
const hostKey = "the key of the host's tests"

// A hostCharon is the host's charon.
type hostCharon struct{ *charon }

// existing asks an Enforcer that has not looked before.
func (h *hostCharon) existing(t *testing.T, w *world, portal netip.AddrPort) ipsec.Existing {
	t.Helper()
	existing, err := (&strongswan.Enforcer{Socket: h.socket}).Existing(t.Context(), w.source, portal)
	if err != nil {
		t.Error(err)
	}
	return existing
}

// TestCharon: real daemons on the host's kernel. Where it has no ESP they agree on
// keys that cannot be used: then not a byte leaves but IKE.
func TestCharon(t *testing.T) {
	need.Root(t)
	c := startCharon(t, nil)
	h := &hostCharon{c}
	for _, flags := range []ipsec.Flags{job.MainTransport, job.AggrTransport, job.MainTunnelPFS &^ ipsec.FlagPFS} {
		t.Run(flags.String(), func(t *testing.T) { h.testAgreed(t, flags) })
	}
	t.Run("suite", h.testSuite)
	t.Run("auto", h.testAuto)
	t.Run("wrong key", h.testWrongKey)
	t.Run("wrong identity", h.testWrongIdentity)
	t.Run("identities", h.testIdentities)
	t.Run("proposals", h.testProposals)
	t.Run("example of a peer", h.testExample)
	t.Run("program of docs/library.md", h.testPage)
	t.Run("phases", h.testPhases)
	t.Run("a message that cannot be read", h.testGarbled)
	t.Run("aggressive mode is not allowed", h.testNotAllowed)
	t.Run("the peer is down", h.testPeerDown)
	t.Run("the host's own connection", h.testOwnConnection)
	t.Run("the host's own connection for a port", h.testOwnPort)
	t.Run("a trap of the host", h.testTrap)
	t.Run("the host's own connection by name", h.testOwnName)
	t.Run("killed in the middle", h.testKilled)
	t.Run("killed in a container", h.testContainer)
	t.Run("many portals", h.testCrowd)
	t.Run("it hangs", h.testHung)
	t.Run("it hangs later", h.testHungLater)
}

// job is a discovery of a world's target, under flags.
func (h *hostCharon) job(w *world, flags ipsec.Flags) job.Job {
	return job.Job{Do: job.Discover, Source: w.source, Portal: w.portal, Flags: flags, Key: hostKey, Outer: w.portal.Addr(), Charon: h.socket, Timeout: limit}
}

// testAgreed: the daemons agree, and it depends on the kernel what becomes of it.
func (h *hostCharon) testAgreed(t *testing.T, flags ipsec.Flags) {
	w := newWorld(t, false)
	peer := startCharon(t, w.target, allowAggressive)
	peer.load(t, connection("peer", w.portal.Addr().String(), w.source.String(), flags.Has(ipsec.FlagAggressive), mode(flags), hostKey))
	tap := w.tap(t)
	j := h.job(w, flags)
	r := j.Run(t.Context())
	traffic := tap.stop(t)
	if len(traffic.Clear) > 0 || traffic.IKE == 0 {
		t.Errorf("on the wire: %+v, want IKE and nothing in clear text", *traffic)
	}
	switch esp := hasESP(t); {
	case esp && (r.Error != "" || len(r.Targets) != 1):
		t.Errorf("got %+v, want a target", r)
	case !esp && (r.Code != job.CodeFailed || !strings.Contains(r.Error, "kernel has no ESP")):
		t.Errorf("got %q (%s), want that the kernel has no ESP", r.Error, r.Code)
	}
	if log := peer.log(t); strings.Contains(log, "INITIAL_CONTACT") {
		t.Error("the peer was told to forget what it has with this host")
	}
	h.wantClean(t)
}

// peerOf starts the charon of a world's target, with a connection to this host.
// change may alter how the connection is written.
func peerOf(t *testing.T, w *world, flags ipsec.Flags, key string, change func(string) string, options ...string) *charon {
	t.Helper()
	peer := startCharon(t, w.target, options...)
	text := connection("peer", w.portal.Addr().String(), w.source.String(), flags.Has(ipsec.FlagAggressive), mode(flags), key)
	if change != nil {
		text = change(text)
	}
	peer.load(t, text)
	return peer
}

// testNotAllowed: a peer that was not told that aggressive mode is all right
// refuses.
func (h *hostCharon) testNotAllowed(t *testing.T) {
	w := newWorld(t, false)
	peerOf(t, w, job.AggrTransport, hostKey, nil)
	r := h.fails(t, w, job.AggrTransport, "i_dont_care_about_security_and_use_aggressive_mode_psk")
	if r.WrongKey || r.OtherID != "" {
		t.Errorf("got %+v, want no word of a key or an identity", r)
	}
	h.wantClean(t)
}

// fails runs a discovery that has to fail for a reason, without a byte but IKE.
func (h *hostCharon) fails(t *testing.T, w *world, flags ipsec.Flags, reason string) job.Report {
	t.Helper()
	tap := w.tap(t)
	j := h.job(w, flags)
	r := j.Run(t.Context())
	if r.Code != job.CodeFailed || !strings.Contains(r.Error, reason) {
		t.Errorf("got %q (%s), want %q (%s)", r.Error, r.Code, reason, job.CodeFailed)
	}
	if traffic := tap.stop(t); len(traffic.Clear) > 0 || traffic.Protected() > 0 {
		t.Errorf("on the wire: %+v, want IKE at most", *traffic)
	}
	return r
}

// testPeerDown: no IKE daemon answers.
func (h *hostCharon) testPeerDown(t *testing.T) {
	w := newWorld(t, false)
	w.target.Down(t, w.cable)
	j := h.job(w, job.MainTransport)
	j.Timeout = silenceTimeout
	r := j.Run(t.Context())
	if r.Code != job.CodeFailed || !strings.Contains(r.Error, "does not answer IKE") {
		t.Errorf("got %q (%s)", r.Error, r.Code)
	}
	h.wantClean(t)
}

// testOwnConnection: a connection of the host has the same ends, and would come
// to use our key.
func (h *hostCharon) testOwnConnection(t *testing.T) {
	w := newWorld(t, false)
	h.load(t, connection("backup", w.source.String(), w.portal.Addr().String(), false, "transport", "the host's own key"))
	defer h.load(t, "connections { }\n")
	h.fails(t, w, job.MainTransport, `"backup"`)
	if existing := h.existing(t, w, w.portal); existing.Kind != ipsec.ExistingPartial || !strings.Contains(existing.Name, `"backup"`) {
		t.Errorf("what exists: got %+v, want partial, by the connection", existing)
	}
	out, err := h.control("--list-conns")
	if err != nil || !strings.Contains(out, "backup") || strings.Contains(out, "iscsi-discovery") {
		t.Errorf("charon has: %v, %s", err, out)
	}
}

// testOwnPort: a connection of the host that is for iSCSI alone. Charon tells its
// port by name.
func (h *hostCharon) testOwnPort(t *testing.T) {
	w := newWorld(t, false)
	portal := w.portal.Addr()
	text := connection("backup", w.source.String(), "192.0.2.254", false, "tunnel", hostKey)
	h.load(t, strings.Replace(text, "esp_proposals", "remote_ts = "+portal.String()+"/32[tcp/3260]\nesp_proposals", 1))
	defer h.load(t, "connections { }\n")
	for port, want := range map[uint16]ipsec.ExistingKind{3260: ipsec.ExistingPartial, 3261: ipsec.ExistingNone} {
		if existing := h.existing(t, w, netip.AddrPortFrom(portal, port)); existing.Kind != want {
			t.Errorf("port %d: got %+v, want %s", port, existing, want)
		}
	}
}

// testTrap: the host has charon negotiate when a packet needs it.
func (h *hostCharon) testTrap(t *testing.T) {
	w := newWorld(t, false)
	h.load(t, connection("backup", w.source.String(), w.portal.Addr().String(), false, "transport", hostKey))
	defer h.load(t, "connections { }\n")
	if out, err := h.control("--install", "--child", "backup"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	defer h.control("--uninstall", "--child", "backup")
	if existing := h.existing(t, w, w.portal); existing.Kind != ipsec.ExistingProtection || existing.Flags != ipsec.FlagValid|ipsec.FlagTransport {
		t.Errorf("what exists: got %+v, want protection in transport mode", existing)
	}
}

// testKilled: what a process leaves that was killed while it negotiated goes with
// the next.
func (h *hostCharon) testKilled(t *testing.T) {
	w := newWorld(t, false)
	j := h.job(w, job.MainTransport)
	j.Timeout = limit
	w.target.Down(t, w.cable) // so that it lasts
	cmd, _ := child(t, j, 0)
	h.begun(t)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if out, err := h.control("--list-conns"); err != nil || !strings.Contains(out, "iscsi-discovery") {
		t.Fatalf("charon has: %v, %s; want what the child left", err, out)
	}
	j.Timeout = silenceTimeout / 2
	if r := j.Run(t.Context()); r.Code != job.CodeFailed {
		t.Errorf("got %q (%s)", r.Error, r.Code)
	}
	h.wantClean(t)
}

// hasESP reports whether the host's kernel has ESP.
func hasESP(t *testing.T) bool {
	t.Helper()
	s := &netlink.XfrmState{
		Src: []byte{192, 0, 2, 1}, Dst: []byte{192, 0, 2, 2}, Proto: netlink.XFRM_PROTO_ESP, Mode: netlink.XFRM_MODE_TRANSPORT, Spi: 0x1000,
		Auth:  &netlink.XfrmStateAlgo{Name: "hmac(sha256)", Key: make([]byte, 32), TruncateLen: 128},
		Crypt: &netlink.XfrmStateAlgo{Name: "cbc(aes)", Key: make([]byte, 16)},
	}
	if err := netlink.XfrmStateAdd(s); err != nil {
		return false
	}
	if err := netlink.XfrmStateDel(s); err != nil {
		t.Fatal(err)
	}
	return true
}

func mode(f ipsec.Flags) string {
	if f.Has(ipsec.FlagTunnel) {
		return ipsec.TunnelMode.String()
	}
	return ipsec.TransportMode.String()
}
