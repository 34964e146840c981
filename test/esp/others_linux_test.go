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
	Left(t testing.TB) string // what it has of associations
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
	l.wantGone(t, d)
}

// modes calls f for each mode, with perfect forward secrecy and without, each of which has
// one of the two families.
func (l *lab) modes(f func(mode ipsec.Flags, v6 bool)) {
	for _, mode := range []ipsec.Flags{ipsec.FlagTransport, ipsec.FlagTunnel} {
		for _, pfs := range []ipsec.Flags{0, ipsec.FlagPFS} {
			f(mode|pfs, (mode == ipsec.FlagTunnel) != (pfs != 0))
		}
	}
}

// testPluto: libreswan repeats what it has answered after each retransmission, loads IKEv1
// only where it is told to, and in IKEv2 takes no selectors narrower than its own.
func (l *lab) testPluto(t *testing.T) {
	pluto := l.peer.StartPluto(t)
	defer pluto.Stop()
	for _, exchange := range []ipsec.Flags{ipsec.FlagMain, ipsec.FlagAggressive, 0} {
		ike := ipsec.IKEv1
		if exchange == 0 {
			ike = ipsec.IKEv2
		}
		l.modes(func(mode ipsec.Flags, v6 bool) {
			v6 = v6 != (exchange == ipsec.FlagAggressive)
			j := l.userspace(ike, job.FlagsIKE|exchange|mode, v6)
			t.Run(fmt.Sprintf("IKEv%s %s, IPv6 %v", ike, j.Flags, v6), func(t *testing.T) { l.asksOf(t, pluto, j, protectionFor(j)) })
		})
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
	if j.IKE == ipsec.IKEv2 { // in IKEv1 pluto agrees on each portal, and drops what is not for its own
		t.Run("selectors", func(t *testing.T) {
			j := j // of the same connection
			j.Portal = behind
			l.userspaceFails(t, j, enforce.TrafficSelectors.String())
		})
	}
	t.Run("gateway, GCM", func(t *testing.T) {
		j, p := j, p
		j.Portal, p.Behind = behind, behind.Addr()
		p.ESP = "aes256gcm16"
		l.asksOf(t, pluto, j, p)
	})
}

// testIked: OpenIKED speaks IKEv2 alone, and its build for Linux knows no SHA-256 for ESP.
func (l *lab) testIked(t *testing.T) {
	iked := l.peer.PrepareIked(t)
	defer iked.Stop()
	l.modes(func(mode ipsec.Flags, v6 bool) {
		j := l.userspace(ipsec.IKEv2, job.FlagsIKE|mode, v6)
		t.Run(fmt.Sprintf("%s, IPv6 %v", j.Flags, v6), func(t *testing.T) { l.asksOf(t, iked, j, protectionFor(j)) })
	})
	t.Run("failures", func(t *testing.T) {
		j := l.userspace(ipsec.IKEv2, v2Transport, false)
		iked.Require(t, j.Source, j.Outer, protectionFor(j))
		other := j
		other.Key = "not the key"
		l.userspaceFails(t, other, enforce.KeyOrIdentity.String())
		j = l.userspace(ipsec.IKEv1, job.MainTransport, false)
		j.Timeout = silenceTimeout
		l.userspaceFails(t, j, enforce.PeerSpeaksIKEv2.String())
		if log := iked.Log(); strings.Contains(log, "fatal") {
			t.Errorf("iked said: %s", log)
		}
	})
}
