package esp_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/uml"
)

// testOthers: the peer's charon goes, and other daemons are there in its place, one after
// the other.
func (l *lab) testOthers(t *testing.T) {
	l.peer.Charon.Stop()
	t.Run("libreswan", l.testPluto)
	t.Run("OpenIKED", l.testIked)
}

// A daemon is an IKE daemon that is no charon.
type daemon interface {
	Require(t testing.TB, initiator, at netip.Addr, how uml.Protection)
}

// asksOf does a discovery of a peer that has another daemon, which has to succeed.
func (l *lab) asksOf(t *testing.T, d daemon, j job.Job, p uml.Protection) {
	t.Helper()
	d.Require(t, j.Source, j.Outer, p)
	var r job.Report
	traffic := l.watched(t, func() { r = j.RunChild(t) })
	if r.Error != "" || len(r.Targets) != 1 {
		t.Fatalf("got %q (%s) and targets %v, want one", r.Error, r.Code, r.Targets)
	}
	wantInUDP(t, traffic)
	wantProof(t, j, r)
	await(t, "the end of what the peer has", func() bool { return len(l.peer.SAs(t)) == 0 })
}

// testPluto: libreswan repeats what it has answered after each retransmission, loads IKEv1
// only where it is told to, and in IKEv2 takes no selectors narrower than its own.
func (l *lab) testPluto(t *testing.T) {
	pluto := l.peer.StartPluto(t)
	defer pluto.Stop()
	for _, v6 := range []bool{false, true} {
		for _, exchange := range []ipsec.Flags{ipsec.FlagMain, ipsec.FlagAggressive, 0} {
			for _, mode := range []ipsec.Flags{ipsec.FlagTransport, ipsec.FlagTunnel} {
				for _, pfs := range []ipsec.Flags{0, ipsec.FlagPFS} {
					ike := ipsec.IKEv1
					if exchange == 0 {
						ike = ipsec.IKEv2
					}
					j := l.userspace(ike, job.FlagsIKE|exchange|mode|pfs, v6)
					t.Run(fmt.Sprintf("IKEv%s %s, IPv6 %v", ike, j.Flags, v6), func(t *testing.T) { l.asksOf(t, pluto, j, protectionFor(j)) })
				}
			}
		}
	}
	for _, ike := range []ipsec.IKEVersion{ipsec.IKEv1, ipsec.IKEv2} {
		t.Run("IKEv"+ike.String(), func(t *testing.T) {
			l.testPlutoBeyond(t, pluto, l.userspace(ike, job.FlagsIKE|ipsec.FlagTunnel, false))
		})
	}
}

// testPlutoBeyond: what is not in the table of modes and exchanges.
func (l *lab) testPlutoBeyond(t *testing.T, pluto *uml.Pluto, j job.Job) {
	behind := netip.AddrPortFrom(l.peer.Addresses[2], uml.LIOPort)
	p := protectionFor(j)
	t.Run("gateway", func(t *testing.T) {
		j, p := j, p
		j.Portal, p.Behind = behind, behind.Addr()
		l.asksOf(t, pluto, j, p)
	})
	t.Run("GCM", func(t *testing.T) {
		p := p
		p.ESP = "aes256gcm16"
		l.asksOf(t, pluto, j, p)
	})
	t.Run("key", func(t *testing.T) {
		j := j
		pluto.Require(t, j.Source, j.Outer, p)
		want := enforce.PeerStopped // pluto does not answer in IKEv1 what it cannot read
		if j.IKE == ipsec.IKEv2 {
			want = enforce.KeyOrIdentity
		}
		j.Key, j.Timeout = "not the key", silenceTimeout/2
		l.userspaceFails(t, j, want.String())
	})
	if j.IKE == ipsec.IKEv1 {
		return // pluto agrees there on each portal, and drops what is not for its own
	}
	t.Run("selectors", func(t *testing.T) {
		j := j
		pluto.Require(t, j.Source, j.Outer, p)
		j.Portal = behind
		l.userspaceFails(t, j, enforce.TrafficSelectors.String())
	})
}

// testIked: OpenIKED speaks IKEv2 alone, and its build for Linux knows no SHA-256 for ESP.
func (l *lab) testIked(t *testing.T) {
	iked := l.peer.PrepareIked(t)
	defer iked.Stop()
	for _, v6 := range []bool{false, true} {
		for _, mode := range []ipsec.Flags{ipsec.FlagTransport, ipsec.FlagTunnel} {
			for _, pfs := range []ipsec.Flags{0, ipsec.FlagPFS} {
				j := l.userspace(ipsec.IKEv2, job.FlagsIKE|mode|pfs, v6)
				t.Run(fmt.Sprintf("%s, IPv6 %v", j.Flags, v6), func(t *testing.T) { l.asksOf(t, iked, j, protectionFor(j)) })
			}
		}
	}
	t.Run("key", func(t *testing.T) {
		j := l.userspace(ipsec.IKEv2, v2Transport, false)
		iked.Require(t, j.Source, j.Outer, protectionFor(j))
		j.Key = "not the key"
		l.userspaceFails(t, j, enforce.KeyOrIdentity.String())
	})
	t.Run("IKEv1", func(t *testing.T) {
		j := l.userspace(ipsec.IKEv1, job.MainTransport, false)
		iked.Require(t, j.Source, j.Outer, protectionFor(j))
		j.Timeout = silenceTimeout
		l.userspaceFails(t, j, enforce.PeerSpeaksIKEv2.String())
		if log := iked.Log(); strings.Contains(log, "fatal") {
			t.Errorf("iked said: %s", log)
		}
	})
}
