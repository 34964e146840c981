package ipsec_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/library"
)

// pageFlags are those that the program of docs/library.md asks under.
const pageFlags = job.MainTransport | ipsec.FlagPFS

// testPage runs the program beside a real charon, on the host's kernel. Where that has no
// ESP the program refuses, with another code than where there is no charon.
func (h *hostCharon) testPage(t *testing.T) {
	p := library.Find(t, library.Protected)
	w := newWorld(t, false)
	peerOf(t, w, pageFlags, hostKey, withPFS(pageFlags))
	key := filepath.Join(t.TempDir(), "peer.key")
	if err := os.WriteFile(key, []byte(hostKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := library.ProtectedAt(w.portal, key, h.socket)
	r := p.Runs[0]
	if !hasESP(t) {
		r = p.Runs[len(p.Runs)-1]
		s.Here["ISDSC_IPSEC_NOT_SUPPORTED_ON_OS"] = job.CodeFailed
	}
	tap := w.tap(t)
	s.Run(t, p.Build(t), r)
	if traffic := tap.stop(t); len(traffic.Clear) > 0 || traffic.IKE == 0 {
		t.Errorf("on the wire: %+v, want IKE and nothing in clear text", *traffic)
	}
	h.wantClean(t)
}
