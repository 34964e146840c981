package ipsec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/test/ipsec/job"

	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// agrees runs a discovery for which the daemons have to agree on keys. What comes
// then depends on the kernel.
func (h *hostCharon) agrees(t *testing.T, w *world, peer *charon, j job.Job) {
	t.Helper()
	tap := w.tap(t)
	r := j.Run(t.Context())
	traffic := tap.stop(t)
	if len(traffic.Clear) > 0 || traffic.IKE == 0 {
		t.Errorf("on the wire: %+v, want IKE and nothing in clear text", *traffic)
	}
	// What it says depends on which of the two, the protocol or the cipher, it misses
	// first.
	agreed := strings.Contains(r.Error, "kernel has no ESP") || strings.Contains(r.Error, "IKE succeeded, but the kernel does not accept the keys")
	switch esp := hasESP(t); {
	case esp && (r.Error != "" || len(r.Targets) != 1):
		t.Errorf("got %+v, want a target", r)
	case !esp && (r.Code != job.CodeFailed || !agreed):
		t.Errorf("got %q (%s), want that the keys are there, and that the kernel has no ESP; the peer: %s", r.Error, r.Code, peer.log(t))
	}
	h.wantClean(t)
}

// testIdentities (issue 13, 30 and 42): the identities of RFC 2407 at both ends, as
// the portal has them. Another one of the peer's is refused, also where its text would
// have been a pattern.
func (h *hostCharon) testIdentities(t *testing.T) {
	const mine = "Host1@example.com"
	for _, flags := range []ipsec.Flags{job.MainTransport, job.AggrTransport} {
		for _, theirs := range []string{"array@example.com", "array.example.com", "198.51.100.7", "2001:db8::7"} {
			t.Run(flags.String()+" "+theirs, func(t *testing.T) {
				w := newWorld(t, false)
				peer := peerOf(t, w, flags, hostKey, func(text string) string {
					text = strings.Replace(text, "local { auth = psk\n", "local { auth = psk\nid = "+theirs+"\n", 1)
					return strings.Replace(text, "remote { auth = psk\n", "remote { auth = psk\nid = email:"+mine+"\n", 1)
				}, allowAggressive)
				j := h.job(w, flags)
				j.Local, j.PeerID = mine, theirs
				h.agrees(t, w, peer, j)
				j.PeerID = "other@example.com"
				reason := fmt.Sprintf(`the peer identifies itself as %q, but its identity should be "other@example.com"`, theirs)
				if r := j.Run(t.Context()); !strings.Contains(r.Error, reason) || r.OtherID != theirs {
					t.Errorf("got %q, want %q", r.Error, reason)
				}
				j.PeerID = "*@example.com"
				if r := j.Run(t.Context()); r.Code != "ISDSC_INVALID_PARAMETER" {
					t.Errorf("got %q (%s), want it refused", r.Error, r.Code)
				}
			})
		}
	}
}

// testProposals (issue 13, 31): peers that take one proposal only. Without asking for
// it they are refused, for the reason that there is none in common.
func (h *hostCharon) testProposals(t *testing.T) {
	for _, tt := range []struct {
		ask      string
		ike, esp string // of the peer
		pfs      bool
		exchange string // of phase 1; empty: main
	}{
		{ask: "legacy", ike: "3des-sha1-modp1024", esp: "3des-sha1"}, // RFC 3723
		{ask: "legacy", ike: "aes128-sha1-modp1024", esp: "aes128-sha1"},
		{ask: "3des-sha1-modp1024,3des-sha1", ike: "3des-sha1-modp1024", esp: "3des-sha1-modp1024", pfs: true},
		{ask: "aes128-sha1-modp1024", ike: "aes128-sha1-modp1024", esp: "aes128-sha1"},
		{ask: "aes256-sha1-modp2048", ike: "aes256-sha1-modp2048", esp: "aes128-sha1"},
		{ask: "aes256-sha384-ecp384", ike: "aes256-sha384-ecp384", esp: "aes256gcm16-ecp384", pfs: true},
		{ask: "aes256-sha512", ike: "aes128-sha256-modp2048", esp: "aes256-sha512"},
		{ask: "aes128-sha256-modp2048,esp=aes256-sha256-modp1024", ike: "aes128-sha256-modp2048", esp: "aes256-sha256-modp1024", pfs: true},
		{ask: "legacy", ike: "3des-sha1-modp1024", esp: "3des-sha1", exchange: "aggressive"},
		{ask: "ike:aes256-sha1-modp3072,esp:aes128-sha256", ike: "aes256-sha1-modp3072", esp: "aes128-sha256", exchange: "aggressive"},
		{ask: "legacy", ike: "3des-sha1-modp1024", esp: "3des-sha1-modp1024", pfs: true},
	} {
		t.Run(strings.TrimSpace(tt.ask+" "+tt.ike+" "+tt.exchange), func(t *testing.T) {
			w := newWorld(t, false)
			flags := job.MainTransport
			if tt.exchange != "" {
				flags = job.AggrTransport
			}
			if tt.pfs {
				flags |= ipsec.FlagPFS
			}
			peer := peerOf(t, w, flags, hostKey, func(text string) string {
				text = strings.Replace(text, "\nproposals = aes128-sha256-modp2048\n", "\nproposals = "+tt.ike+"\n", 1)
				return strings.Replace(text, "esp_proposals = aes128-sha256\n", "esp_proposals = "+tt.esp+"\n", 1)
			}, allowAggressive)
			j := h.job(w, flags)
			j.Proposals = tt.ask
			h.agrees(t, w, peer, j)
			if h.usual(tt.ike, tt.esp) {
				return
			}
			j.Proposals = ""
			if r := j.Run(t.Context()); !strings.Contains(r.Error, "none of the proposals for I") {
				t.Errorf("by default: got %q, want that no proposal was taken", r.Error)
			}
		})
	}
}

// usual reports whether proposals are among those that are offered anyway.
func (*hostCharon) usual(ike, esp string) bool {
	p, err := ipsec.ParseProposals("", ipsec.IKEv1)
	if err != nil {
		return false
	}
	has := func(list []string, s string) bool {
		for _, l := range list {
			if l == s {
				return true
			}
		}
		return false
	}
	return has(p.IKE, ike) && has(p.ESP, esp)
}
