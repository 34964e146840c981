//go:build linux

package uml

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
)

// A Peer is a guest whose iSCSI target answers under IPsec alone.
type Peer struct {
	*Guest
	LIO    *LIO
	Charon *Charon
}

// AllowAggressive is the option by which charon takes part in aggressive mode with
// preshared keys, and its opinion of it.
const AllowAggressive = "i_dont_care_about_security_and_use_aggressive_mode_psk = yes"

// policyPriority puts our policies behind those of charon and pluto.
const policyPriority = 4000000

// StartPeer starts LIO and charon in the guest. LIO has no targets yet, and
// nobody has to protect anything, before Require.
func (g *Guest) StartPeer(t testing.TB) *Peer {
	t.Helper()
	return &Peer{Guest: g, LIO: g.StartLIO(t), Charon: g.StartCharon(t, CharonConfig{Options: []string{AllowAggressive}})}
}

// Require lets an initiator reach iSCSI at an address of the peer's under that
// protection, and nobody in any other way: what is not protected so is dropped.
// What held before is forgotten. IKE is spoken with at; so is iSCSI, unless how
// says otherwise.
func (p *Peer) Require(t testing.TB, initiator, at netip.Addr, how Protection) {
	t.Helper()
	p.Charon.Terminate(t)
	p.Charon.Load(t, how.ForPeer("peer", at, initiator))
	p.block(t, at, how)
}

// block has the guest's kernel forget all associations, and drop what is not protected
// between iSCSI at an address and anyone.
func (g *Guest) block(t testing.TB, at netip.Addr, how Protection) {
	t.Helper()
	mode, target := how.mode(), at
	if how.Behind.IsValid() {
		target = how.Behind
	}
	g.batch(t,
		"xfrm state flush",
		"xfrm policy flush",
		fmt.Sprintf("xfrm policy add dir in dst %s proto tcp dport %d priority %d tmpl proto esp mode %s level required",
			target, LIOPort, policyPriority, mode),
		// Without SAs, answers too are dropped. For a policy with a template the kernel would
		// ask for SAs, and pluto would negotiate some itself: for an answer that comes before
		// those of the initiator are there, or is sent again after they are gone.
		fmt.Sprintf("xfrm policy add dir out src %s proto tcp sport %d priority %d action block", target, LIOPort, policyPriority),
	)
}

// batch runs commands of iproute2 in the guest.
func (g *Guest) batch(t testing.TB, lines ...string) {
	t.Helper()
	ctx, cancel := within(t)
	defer cancel()
	in := strings.Join(lines, "\n") + "\n"
	if err := g.Exec(ctx, Command{Args: []string{"ip", "-batch", "-"}, Stdin: []byte(in)}, io.Discard); err != nil {
		t.Fatalf("%v\n%s", err, in)
	}
}
