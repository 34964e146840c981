package esp_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/library"
	"github.com/go-iscsi/discovery/test/uml"
)

// testPage runs the program in the guest, which has ESP.
func (l *lab) testPage(t *testing.T) {
	host, peer := l.ends(false)
	l.peer.Require(t, host, peer, protection(job.MainTransport|ipsec.FlagPFS))
	const key = "/run/peer.key"
	l.host.Put(t, uml.File{Path: key, Mode: 0o600, Data: []byte(uml.GroupKey + "\n")})
	s := library.ProtectedAt(netip.AddrPortFrom(peer, uml.LIOPort), key, l.charon.Socket)
	r := library.Find(t, library.Protected).Runs[0]
	var out strings.Builder
	traffic := l.watched(t, func() {
		if err := l.host.Exec(t.Context(), uml.Command{Args: append([]string{library.Protected}, s.Args(r)...), Env: s.Env}, &out); err != nil {
			t.Fatal(err)
		}
	})
	if diff := s.Diff(r, out.String()); diff != "" {
		t.Errorf("%s does not print what docs/library.md has. %s", library.Protected, diff)
	}
	if traffic.IKE == 0 || traffic.Protected() == 0 {
		t.Errorf("on the wire: %+v, want IKE and ESP", traffic)
	}
	l.wantClean(t)
}
