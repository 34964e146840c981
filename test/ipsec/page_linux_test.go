package ipsec_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/library"
	"github.com/go-iscsi/discovery/test/uml"
)

// pageProgram is the program of docs/library.md that asks under IPsec. The page runs it
// where there is IPsec, and then where there is none.
const pageProgram = "protected"

// pageFlags are those that it asks under.
const pageFlags = mainTransport | ipsec.FlagPFS

// pageSetting returns where the program runs: with a portal, a key that is in a file, and
// charon at a socket.
func pageSetting(portal netip.AddrPort, key, charon string) library.Setting {
	return library.Setting{
		Here: map[string]string{"192.0.2.10:3260": portal.String(), "peer.key": key},
		Env:  []string{"CHARON_VICI=" + charon},
	}
}

// testPage runs the program in the guest, which has ESP.
func (l *lab) testPage(t *testing.T) {
	host, peer := l.ends(false)
	l.peer.Require(t, host, peer, protection(pageFlags))
	const key = "/run/peer.key"
	l.host.Put(t, uml.File{Path: key, Mode: 0o600, Data: []byte(uml.GroupKey + "\n")})
	s := pageSetting(netip.AddrPortFrom(peer, uml.LIOPort), key, l.charon.Socket)
	r := library.Find(t, pageProgram).Runs[0]
	var out strings.Builder
	traffic := l.watched(t, func() {
		if err := l.host.Exec(t.Context(), uml.Command{Args: append([]string{pageProgram}, s.Args(r)...), Env: s.Env}, &out); err != nil {
			t.Fatal(err)
		}
	})
	if diff := s.Diff(r, out.String()); diff != "" {
		t.Errorf("%s does not print what docs/library.md has. %s", pageProgram, diff)
	}
	if traffic.IKE == 0 || traffic.Protected() == 0 {
		t.Errorf("on the wire: %+v, want IKE and ESP", traffic)
	}
	l.wantClean(t)
}

// testPage runs the program beside a real charon, on the host's kernel. Where that has no
// ESP the program refuses, with another code than where there is no charon.
func (h *hostCharon) testPage(t *testing.T) {
	p := library.Find(t, pageProgram)
	w := newWorld(t, false)
	peerOf(t, w, pageFlags, hostKey, withPFS(pageFlags))
	key := filepath.Join(t.TempDir(), "peer.key")
	if err := os.WriteFile(key, []byte(hostKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := pageSetting(w.portal, key, h.socket)
	r := p.Runs[0]
	if !hasESP(t) {
		r = p.Runs[len(p.Runs)-1]
		s.Here["ISDSC_IPSEC_NOT_SUPPORTED_ON_OS"] = codeFailed
	}
	tap := w.tap(t)
	s.Run(t, p.Build(t), r)
	if traffic := tap.stop(t); len(traffic.Clear) > 0 || traffic.IKE == 0 {
		t.Errorf("on the wire: %+v, want IKE and nothing in clear text", *traffic)
	}
	h.wantClean(t)
}
