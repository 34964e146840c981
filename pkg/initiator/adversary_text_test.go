package initiator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// badText is the outcome of an answer to SendTargets that breaks the rules.
func badText(text string) scene.Outcome {
	return scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.InvalidSendTargetsText, Text: text}
}

// TestAdversaryText: what a target may do wrong, or unusually, with the responses
// that the list comes in.
func TestAdversaryText(t *testing.T) {
	t.Parallel()
	// after is what the target does once we are logged in.
	after := func(steps ...iscsitest.Step) []iscsitest.Step { return append([]iscsitest.Step{nil}, steps...) }
	final := func(change func(m *pdu.TextResponse)) []iscsitest.Step {
		return after(iscsitest.Send(&pdu.TextResponse{Final: true, Data: pdu.Text(disk)}, change))
	}
	beside := func(m pdu.PDU) []iscsitest.Step { return after(iscsitest.Steps(iscsitest.Send(m), part(disk))) }
	lun := func(n uint64, text string) iscsitest.Step {
		return iscsitest.Send(&pdu.TextResponse{LUN: n, TTT: uint32(n), Data: pdu.Text(text)})
	}
	nuls := strings.Repeat("\x00", 8192)
	for _, a := range []adversary{
		{name: "whole", steps: after(part(disk)), sent: 3},
		{name: "tags that change, and 0", steps: after(part("\x00", 0), part(disk[:20], 0xfffffffe), part(disk[20:], 0), part("\x00")), sent: 6},
		{name: "units that change", steps: after(lun(7, "\x00"), lun(1<<40, "\x00"), part(disk)), sent: 5},
		{name: "empty parts between", steps: after(part("", 1), part(disk, 1), part("", 1), part("", 1), part("")), sent: 7},
		{name: "NULs", steps: after(part(nuls, 1), part(nuls+disk+nuls, 1), part(nuls)), sent: 5},

		{name: "another tag", steps: final(func(m *pdu.TextResponse) { m.ITT++ }), sent: 2, want: badText("its task tag is not ours")},
		{name: "no tag", steps: final(func(m *pdu.TextResponse) { m.ITT = pdu.NoTag }), sent: 2, want: badText("its task tag is not ours")},
		{name: "F and C", steps: final(func(m *pdu.TextResponse) { m.Continue = true }), sent: 2, want: badText("F and C together")},
		{name: "more, and no tag to ask on with", steps: after(part(disk, pdu.NoTag)), sent: 2, want: badText("no tag to ask on with")},
		{name: "a tag with the last one", steps: final(func(m *pdu.TextResponse) { m.TTT = 5 }), sent: 3},
		{name: "a StatSN ahead", steps: final(func(m *pdu.TextResponse) { m.StatSN++ }), sent: 2, want: badText("a response was lost")},
		{name: "a StatSN behind", steps: final(func(m *pdu.TextResponse) { m.StatSN-- }), sent: 3},
		{name: "no command window", steps: final(func(m *pdu.TextResponse) { m.ExpCmdSN, m.MaxCmdSN = 9, 1 }), sent: 3},
		{name: "a pair without an end", steps: after(part(disk[:len(disk)-1])), sent: 2, want: badText("malformed list")},
		{name: "a pair without an end, after more", steps: after(part(disk, 1), part("TargetName")), sent: 3, want: badText("malformed list")},
		// More is asked for while a part is looked at: how much, is left open.
		{name: "a value that goes on for ever", steps: after(part("TargetName="+strings.Repeat("a", 8000), 1), part(strings.Repeat("a", 8000), 1)), want: badText("malformed list")},
		{name: "a key that goes on for ever", steps: after(part(strings.Repeat("a", 60), 1), part(strings.Repeat("a", 9000), 1)), want: badText("malformed list")},

		{name: "a login again", steps: after(iscsitest.Send(&pdu.LoginResponse{CSG: 1, NSG: 3, Transit: true})), sent: 2, want: badText("Login Response breaks the protocol")},
		{name: "the end, unasked", steps: after(iscsitest.Send(&pdu.LogoutResponse{})), sent: 2, want: badText("Logout Response breaks the protocol")},
		{name: "a silent ping before it", steps: beside(&pdu.NOPIn{TTT: pdu.NoTag, Data: []byte("\x1b[2J")}), sent: 3},
		{name: "an event before it", steps: beside(&pdu.AsyncMessage{Event: pdu.AsyncSCSI, Data: []byte("\x1b[2J\x00\xff")}), sent: 3},
		{name: "an unknown event before it", steps: beside(&pdu.AsyncMessage{Event: 200, VCode: 9}), sent: 3},
		{name: "a reject with a forged line", steps: after(iscsitest.Send(&pdu.Reject{Reason: 0x7e, Data: []byte("\n192.0.2.66:3260,1 iqn.2026-11.com.example:forged\n\x1b[2J")})), sent: 2,
			want: scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.NonSpecificError, Text: "rejected our request"}},
		{name: "more behind the last one", judge: oneTarget, steps: after(iscsitest.Together(
			&pdu.TextResponse{Final: true, Data: pdu.Text(disk)},
			&pdu.TextResponse{Final: true, Data: pdu.Text("TargetName=iqn.2026-11.com.example:late\x00")},
		))},
	} {
		a.run(t)
	}
}

// disk is the list of one.
const disk = "TargetName=iqn.2026-11.com.example:disk1\x00TargetAddress=192.0.2.10:3260,1\x00"

func oneTarget(t *testing.T, r initiator.Result) {
	if len(r.Targets) != 1 || r.Targets[0].Name != "iqn.2026-11.com.example:disk1" {
		t.Errorf("targets %v", r.Targets)
	}
}

// TestAdversaryTextCuts: a list may be cut anywhere, in a key or in a value, with
// C or without.
func TestAdversaryTextCuts(t *testing.T) {
	t.Parallel()
	for cut := range len(disk) + 1 {
		for _, c := range []bool{false, true} {
			first := iscsitest.Send(&pdu.TextResponse{Continue: c, TTT: 1, Data: pdu.Text(disk[:cut])})
			adversary{name: fmt.Sprintf("%d, C %t", cut, c), steps: []iscsitest.Step{nil, first, part(disk[cut:])}, sent: 4, judge: oneTarget}.run(t)
		}
	}
}

// TestAdversaryManyTargets: 100,000 targets, with addresses, in parts that end
// anywhere, arrive in order and whole, collected and streamed.
func TestAdversaryManyTargets(t *testing.T) {
	t.Parallel()
	const count = 100_000
	name := func(i int) string { return fmt.Sprintf("iqn.2026-11.com.example:disk%d", i) }
	tgt := &iscsitest.Target{MaxText: 65_521, Split: iscsitest.SplitAnywhere}
	for i := range count {
		tgt.Records = append(tgt.Records, iscsitest.Record{Name: name(i), Addresses: []string{"192.0.2.10:3260,1", "[2001:db8::10]:3260,2"}})
	}
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := scene.Portal(n, scene.Where, tgt)
		check := func(i int, found target.Target) {
			if found.Name != name(i) || len(found.Addresses) != 2 {
				t.Fatalf("target %d is %v", i, found)
			}
		}
		r, _ := discover(t, d, p)
		if scene.Judge(t, r.Err, scene.Outcome{}); len(r.Targets) != count || r.TargetsFound != count {
			t.Fatalf("%d targets, %d found", len(r.Targets), r.TargetsFound)
		}
		for i, found := range r.Targets {
			check(i, found)
		}
		i := 0
		for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{p})) {
			switch e := e.(type) {
			case initiator.TargetFound:
				check(i, e.Target)
				i++
			case initiator.PortalDone:
				if scene.Judge(t, e.Result.Err, scene.Outcome{}); e.Result.TargetsFound != count {
					t.Errorf("%d targets found", e.Result.TargetsFound)
				}
			}
		}
		if i != count {
			t.Errorf("%d targets in the stream, want %d", i, count)
		}
	})
}
