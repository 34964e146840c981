package verbs

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// refusesAnswers is a target that refuses each response of CHAP.
func refusesAnswers() *iscsitest.Target {
	target := twoTargets()
	target.User, target.Secret = "host1", "another-secret-12"
	return target
}

// --chap-policy: a portal without CHAP is asked where it is preferred, and fails
// where it is required.
func TestCHAPPolicy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		policy string // arguments
		chap   bool   // the portal does CHAP
		offer  string
		status int
		says   string // on standard error, with -o iscsiadm
	}{
		{policy: "--chap-policy preferred", offer: "CHAP,None", status: exit.OK, says: "discover: 192.0.2.10:3260: no CHAP, which the portal did not choose\n"},
		{policy: "--chap-policy preferred", chap: true, offer: "CHAP,None", status: exit.OK, says: "discover: 192.0.2.10:3260: CHAP with SHA3-256\n"},
		{policy: "--chap-policy required", offer: "CHAP", status: exit.Failed},
		{policy: "--chap-policy required", chap: true, offer: "CHAP", status: exit.OK},
		{offer: "CHAP", status: exit.Failed},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			l.env["SECRET"] = ours
			target := twoTargets()
			if tt.chap {
				target.User, target.Secret = "host1", ours
			}
			portal := l.Portal("192.0.2.10:3260", target, target)
			r := l.discover(t.Context(), append(strings.Fields("scan --chap-user host1 --chap-secret env:SECRET 192.0.2.10"), strings.Fields(tt.policy)...)...)
			offer, _ := l.Sessions(portal)[0].Key(pdu.KeyAuthMethod)
			if r.status != tt.status || offer != tt.offer {
				t.Errorf("%q, CHAP there %t: exit status %d, want %d; offer %q, want %q", tt.policy, tt.chap, r.status, tt.status, offer, tt.offer)
			}
			// Lines for scripts have no place for what the portal chose.
			r = l.discover(t.Context(), append(strings.Fields("scan -o iscsiadm --chap-user host1 --chap-secret env:SECRET 192.0.2.10"), strings.Fields(tt.policy)...)...)
			if tt.status == exit.OK && r.stderr != tt.says {
				t.Errorf("%q, CHAP there %t: got %q on standard error, want %q", tt.policy, tt.chap, r.stderr, tt.says)
			}
		})
	}
}

// Where both tries fail one line says both, and what to do.
func TestBothTriesFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.env["SECRET"] = ours
		l.Portal("192.0.2.10:3260", refusesAnswers())
		l.discover(t.Context(), strings.Fields("scan --chap-user host1 --chap-secret env:SECRET 192.0.2.10")...).want(t, exit.Failed, "",
			"discover: login to 192.0.2.10:3260 from 192.0.2.254: refused with SHA3-256, and with MD5: target refused: authentication failure (0x0201); "+
				"check the CHAP name and secret (--chap-user, --chap-secret), and whether CHAP is set up for discovery at the portal\n")
	})
}
