package initiator_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// discover asks one portal and tells how long that took.
func discover(t testing.TB, d *initiator.Discoverer, p initiator.SendTargetPortal) (initiator.Result, time.Duration) {
	t.Helper()
	start := time.Now()
	r, err := d.Discover(t.Context(), p)
	if !errors.Is(err, r.Err) {
		t.Errorf("error %v, result has %v", err, r.Err)
	}
	scene.JudgeResult(t, r)
	return r, time.Since(start)
}

// full is a target and a way to log in to it that together need every kind of
// PDU: mutual CHAP, digests, a list in three parts, a NOP-In before each.
func full() *iscsitest.Target {
	return &iscsitest.Target{
		User: scene.CHAPUser, Secret: scene.CHAPSecret, MutualUser: scene.TargetUser, MutualSecret: scene.TargetSecret,
		HeaderDigest: true, DataDigest: true, MaxText: 64, Split: iscsitest.SplitAnywhere,
		Records: []iscsitest.Record{
			{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1"}},
			{Name: "iqn.2026-11.com.example:disk2", Addresses: []string{"192.0.2.10:3260,1", "[2001:db8::1]:3260,2"}},
		},
	}
}

func withAll(p initiator.SendTargetPortal) initiator.SendTargetPortal {
	p = scene.WithMutualCHAP(scene.WithCHAP(p, scene.CHAPUser, scene.CHAPSecret), scene.TargetUser, scene.TargetSecret)
	p.Login.Specified |= login.SpecifiedHeaderDigest | login.SpecifiedDataDigest
	p.Login.HeaderDigest, p.Login.DataDigest = login.DigestCRC32C, login.DigestPreferCRC32C
	return p
}

// responses of full, in order: the stage of the discovery that each belongs to.
var fullResponses = []initiator.Stage{
	initiator.StageLogin,    // AuthMethod
	initiator.StageLogin,    // challenge
	initiator.StageLogin,    // proof
	initiator.StageLogin,    // operational keys
	initiator.StageDiscover, // a part
	initiator.StageDiscover, // another
	initiator.StageDiscover, // the last
	initiator.StageLogout,
}

// instead takes a step in the place of the target's response number at, from 0.
func instead(target *iscsitest.Target, at int, step iscsitest.Step) *iscsitest.Target {
	n := 0
	target.Respond = func(_, _ pdu.PDU) iscsitest.Step {
		if n++; n == at+1 {
			return step
		}
		return nil
	}
	return target
}

// TestFull: where nothing goes wrong, the target and the way of these scenarios
// make a discovery.
func TestFull(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		target, responses := full(), 0
		target.NOPIn = true
		target.Respond = func(_, _ pdu.PDU) iscsitest.Step { responses++; return nil }
		r, took := discover(t, d, withAll(scene.Portal(n, scene.Where, target)))
		scene.Judge(t, r.Err, scene.Outcome{})
		if len(r.Targets) != 2 || r.TargetsFound != 2 || !r.Auth.Mutual || r.Auth.Algorithm != auth.SHA3_256 || took != 0 || len(r.Warnings) != 0 {
			t.Errorf("after %s: %+v", took, r)
		}
		if responses != len(fullResponses) {
			t.Errorf("%d responses, want %d", responses, len(fullResponses))
		}
	})
}

// named is a portal of a name, and lookup finds addresses of it.
var named = initiator.SendTargetPortal{Portal: initiator.Portal{Address: "array.example", Port: 3260}}
