package initiator_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// An answer is what came of a list.
type answer struct {
	targets  []target.Target
	warnings []initiator.WarningCode
	leftOut  int
	complete bool
	err      string // what the error says; empty: none
}

// judgeAnswer asks a portal that answers SendTargets with a text.
func judgeAnswer(t *testing.T, where, text string, strict bool, want answer) initiator.Result {
	t.Helper()
	var r initiator.Result
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.StrictNames = strict
		r, _ = discover(t, d, scene.Portal(n, where, scene.Answers(text)))
		if want.err == "" {
			scene.Judge(t, r.Err, scene.Outcome{})
		} else if scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.InvalidSendTargetsText}); !strings.Contains(r.Err.Error(), want.err) {
			t.Errorf("got %v, want %q in it", r.Err, want.err)
		}
		got := answer{targets: r.Targets, leftOut: r.LeftOut, complete: r.Complete, err: want.err}
		for _, w := range r.Warnings {
			got.warnings = append(got.warnings, w.Code)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(answer{})); diff != "" {
			t.Errorf("(-want +got):\n%s\n%v", diff, r.Warnings)
		}
	})
	return r
}

// TestFieldNames: names that real targets have, and what never comes out.
func TestFieldNames(t *testing.T) {
	t.Parallel()
	const good = "iqn.2026-11.com.example:a"
	unusual := []initiator.WarningCode{initiator.WarnUnusualName}
	harmful := []initiator.WarningCode{initiator.WarnTargetName}
	for _, tt := range []struct {
		name string
		want []initiator.WarningCode // nil: it is an iSCSI name
		out  bool                    // it never comes out
	}{
		{name: "iqn.2015-1.workgroup:RAID.iscsi0.vg0.data1", want: unusual}, // Areca
		{name: "iqn.com.sgmsys-10", want: unusual},                          // Areca
		{name: "disk1", want: unusual},                                      // a tgt
		{name: "iqn.2017.11.dev.talos:node1", want: unusual},                // Talos
		{name: "iqn.2026-13.com.example:a", want: unusual},
		{name: "iqn.2026-11.:a", want: unusual},
		{name: "eui.0123", want: unusual},
		{name: "naa.0123", want: unusual},
		{name: "t10.ATA_disk", want: unusual},
		{name: "0", want: unusual},
		{name: "größe", want: unusual},
		{name: "IQN.2026-11.com.example:DISK"},
		{name: "eui.02004567A425678D"},

		{name: "..", want: harmful, out: true},
		{name: "-x", want: harmful, out: true},
		{name: ":x", want: harmful, out: true},
		{name: "_x", want: harmful, out: true},
		{name: "a/b", want: harmful, out: true},
		{name: "a;b", want: harmful, out: true},
		{name: "a b", want: harmful, out: true},
		{name: "disk1 ", want: harmful, out: true},
		{name: " disk1", want: harmful, out: true},
		{name: "disk1,2", want: harmful, out: true},
		{name: "$(reboot)", want: harmful, out: true},
		{name: "\u0301x", want: harmful, out: true},
		{name: "disk\xff", want: harmful, out: true},
		{name: "disk\u202e", want: harmful, out: true},
		{name: "קדיסק", want: harmful, out: true},
		{name: "\u115f", want: harmful, out: true}, // letters that cannot be seen
		{name: "\u1160\u1160", want: harmful, out: true},
		{name: "disk\u3164", want: harmful, out: true},
		{name: "disk\u17b4", want: harmful, out: true},
		{name: "disk\u2800", want: harmful, out: true},
		{name: strings.Repeat("d", 224), want: harmful, out: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := scene.Pairs("TargetName="+good, "TargetName="+tt.name, "TargetAddress=192.0.2.10:3260,1")
			want := answer{targets: []target.Target{targetOf(good, here)}, warnings: tt.want, complete: !tt.out}
			if tt.out {
				want.leftOut = 1
			} else {
				want.targets = append(want.targets, targetOf(tt.name, v4(10, 1)))
			}
			judgeAnswer(t, scene.Where, text, false, want)
			if len(tt.want) > 0 {
				judgeAnswer(t, scene.Where, text, true, answer{targets: want.targets[:1], warnings: harmful, leftOut: 1})
			} else {
				judgeAnswer(t, scene.Where, text, true, want)
			}
		})
	}
}

// TestFieldAnswers: no targets without an error is what an empty answer says, and
// nothing else does.
func TestFieldAnswers(t *testing.T) {
	t.Parallel()
	const a = "iqn.2026-11.com.example:a"
	type codes = []initiator.WarningCode
	for _, tt := range []struct {
		name, text string
		want       answer
	}{
		{name: "nothing", want: answer{complete: true}},
		{name: "NULs", text: "\x00\x00", want: answer{complete: true}},
		{name: "Reject", text: scene.Pairs("SendTargets=Reject"), want: answer{err: "the target refused with SendTargets=Reject"}},
		{name: "NotUnderstood", text: scene.Pairs("SendTargets=NotUnderstood"), want: answer{err: "the target refused with SendTargets=NotUnderstood"}},
		{name: "Irrelevant", text: scene.Pairs("SendTargets=Irrelevant"), want: answer{err: "the target refused with SendTargets=Irrelevant"}},
		{name: "a refusal after targets", text: scene.Pairs("TargetName="+a, "SendTargets=Reject"), want: answer{err: "SendTargets=Reject"}},
		{name: "a key of another kind", text: scene.Pairs("MaxBurstLength=1"), want: answer{err: `begins with "MaxBurstLength=1\x00"`, warnings: codes{initiator.WarnUnknownKey}}},
		{name: "an echo", text: scene.Pairs("SendTargets=All"), want: answer{err: `begins with "SendTargets=All\x00"`, warnings: codes{initiator.WarnUnknownKey}}},
		{name: "own keys alone", text: scene.Pairs("X-com.example.rack=7"), want: answer{err: `begins with "X-com.example.rack=7\x00"`}},
		{name: "names in another case", text: scene.Pairs("targetname=" + a), want: answer{err: `begins with "targetname=`, leftOut: 1, warnings: codes{initiator.WarnUnknownKey}}},
		{name: "one name in another case", text: scene.Pairs("TargetName="+a, "TARGETNAME=iqn.2026-11.com.example:b", "TargetAddress=192.0.2.9:3260,1", "TargetName=iqn.2026-11.com.example:c"),
			want: answer{targets: []target.Target{targetOf(a, here), targetOf("iqn.2026-11.com.example:c", here)}, leftOut: 1, warnings: codes{initiator.WarnUnknownKey}}},
		{name: "the first name in another case", text: scene.Pairs("targetname=iqn.2026-11.com.example:b", "TargetAddress=192.0.2.9:3260,1", "TargetAlias=b", "TargetName="+a),
			want: answer{targets: []target.Target{targetOf(a, here)}, leftOut: 1, warnings: codes{initiator.WarnUnknownKey}}},
		{name: "an address in another case", text: scene.Pairs("TargetName="+a, "targetaddress=192.0.2.9:3260,1"), want: answer{complete: true, targets: []target.Target{targetOf(a, here)}, warnings: codes{initiator.WarnUnknownKey}}},
		{name: "names that are harmful", text: scene.Pairs("TargetName=\x1b[2J", "TargetName=a b"), want: answer{err: "none of 2 target names can be used", leftOut: 2, warnings: codes{initiator.WarnTargetName, initiator.WarnTargetName}}},
		{name: "words", text: "Error: discovery is off\x00", want: answer{err: `malformed list at "Error: discovery is off\x00": malformed text at byte 0: no '=' in a pair`}},
		{name: "words without an end", text: "Error=\x1b[2J" + strings.Repeat("!", 200), want: answer{err: `malformed list at "Error=\x1b[2J` + strings.Repeat("!", 118) + `"…: malformed text`}},
		{name: "an address without a name", text: scene.Pairs("TargetAddress=192.0.2.9:3260,1"), want: answer{err: `a TargetAddress before any TargetName: "192.0.2.9:3260,1"`}},
		{name: "an escape", text: scene.Pairs("Rack=\x1b[2J"), want: answer{err: `\x1b[2J`, warnings: codes{initiator.WarnUnknownKey}}},
		{name: "an address with a blank", text: scene.Pairs("TargetName="+a, "TargetAddress=192.0.2.10:3260, 1"), want: answer{complete: true, targets: []target.Target{targetOf(a, v4(10, 1))}}},
		{name: "an address without brackets", text: scene.Pairs("TargetName="+a, "TargetAddress=2001:db8::10:3260,1"), want: answer{complete: true, targets: []target.Target{targetOf(a, target.Address{Host: "2001:db8::10", Port: 3260, Group: 1})}}},
		{name: "an address of two readings", text: scene.Pairs("TargetName="+a, "TargetAddress=2001:db8::10:860,1"), want: answer{complete: true, targets: []target.Target{targetOf(a, here)}, warnings: codes{initiator.WarnTargetAddress, initiator.WarnNoAddress}}},
		{name: "one of two addresses", text: scene.Pairs("TargetName="+a, "TargetAddress=x y", "TargetAddress=192.0.2.10:3260,-1"), want: answer{complete: true, targets: []target.Target{targetOf(a, v4(10, target.NoGroup))}, warnings: codes{initiator.WarnTargetAddress}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.name == "a refusal after targets" {
				tt.want.targets = nil
			}
			r := judgeAnswer(t, scene.Where, tt.text, false, tt.want)
			if r.Err != nil {
				scene.JudgeLine(t, r.Err.Error())
			}
		})
	}
}

// TestFieldAddresses: addresses that mean something else to the host that asked.
func TestFieldAddresses(t *testing.T) {
	t.Parallel()
	const a = "iqn.2026-11.com.example:a"
	type codes = []initiator.WarningCode
	at := func(host string, why target.Unusable) target.Address {
		return target.Address{Host: host, Port: 3260, Group: 1, Unusable: why}
	}
	for _, tt := range []struct {
		name, where string
		sent        []string
		want        []target.Address
		warnings    codes
		says        string
	}{
		{name: "SCST's zone", where: "[fe80::1%eth0]:3260", sent: []string{"[fe80::1%enp0s9]:3260,1"}, want: []target.Address{at("fe80::1%eth0", 0)}},
		{name: "gotgt's wildcard", where: scene.Where, sent: []string{"0.0.0.0:3260,1"}, want: []target.Address{at("192.0.2.1", 0)}, warnings: codes{initiator.WarnWildcard}, says: "0.0.0.0:3260"},
		{name: "an IPv6 wildcard", where: "[2001:db8::1]:3260", sent: []string{"[::]:3260,1"}, want: []target.Address{at("2001:db8::1", 0)}, warnings: codes{initiator.WarnWildcard}, says: "[::]:3260"},
		{name: "both wildcards", where: scene.Where, sent: []string{"0.0.0.0:3260,1", "[::]:3260,1"}, want: []target.Address{at("192.0.2.1", 0)}, warnings: codes{initiator.WarnWildcard}},
		{name: "Synology's link-local address", where: scene.Where, sent: []string{"192.0.2.1:3260,1", "[fe80::211:32ff:fe0c:d12]:3260,1"},
			want: []target.Address{at("192.0.2.1", 0), at("fe80::211:32ff:fe0c:d12", target.LinkLocalWithoutZone)}, warnings: codes{initiator.WarnUnusable}, says: "[fe80::211:32ff:fe0c:d12]:3260 (link-local"},
		{name: "nothing else", where: scene.Where, sent: []string{"224.0.0.1:3260,1", "255.255.255.255:3260,1", "127.0.0.1:3260,1"},
			want: []target.Address{at("224.0.0.1", target.MulticastAddress), at("255.255.255.255", target.BroadcastAddress), at("127.0.0.1", target.LoopbackAddress)}, warnings: codes{initiator.WarnUnusable}, says: "255.255.255.255:3260"},
		{name: "a name of loopback", where: scene.Where, sent: []string{"localhost:3260,1", "Array.LocalHost.:3260,1", "localhost.localdomain:3260,1", "localhost.example:3260,1"},
			want: []target.Address{at("localhost", target.LoopbackAddress), at("Array.LocalHost.", target.LoopbackAddress), at("localhost.localdomain", target.LoopbackAddress), at("localhost.example", 0)}, warnings: codes{initiator.WarnUnusable}, says: "localhost:3260 (a loopback"},
		{name: "a name of loopback from loopback", where: "127.0.0.1:3260", sent: []string{"localhost:3260,1"}, want: []target.Address{at("localhost", 0)}},
		{name: "loopback from loopback", where: "127.0.0.1:3260", sent: []string{"127.0.0.2:3260,1"}, want: []target.Address{at("127.0.0.2", 0)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			// Twice, since the second record is taken from the tail cache.
			text, want := "", answer{complete: true, warnings: tt.warnings}
			for _, name := range []string{a + "1", a + "2", a + "3"} {
				text += scene.Pairs("TargetName=" + name)
				for _, s := range tt.sent {
					text += scene.Pairs("TargetAddress=" + s)
				}
				want.targets = append(want.targets, targetOf(name, tt.want...))
			}
			r := judgeAnswer(t, tt.where, text, false, want)
			if tt.says != "" && (len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0].Message, tt.says)) {
				t.Errorf("got %v, want %q in it", r.Warnings, tt.says)
			}
		})
	}
}

// TestSentAddresses: an address that was sent is kept where its name comes again, also
// Where it is what would have been implied.
func TestSentAddresses(t *testing.T) {
	t.Parallel()
	const a, b = "TargetName=iqn.2026-11.com.example:a", "TargetName=iqn.2026-11.com.example:b"
	for _, tt := range []struct {
		name          string
		first, second string
		want          []target.Address
	}{
		{name: "the address in use comes later", first: "TargetAddress=192.0.2.9:3260,1", second: "TargetAddress=192.0.2.1:3260", want: []target.Address{v4(9, 1), here}},
		{name: "the address in use comes first", first: "TargetAddress=192.0.2.1:3260", second: "TargetAddress=192.0.2.9:3260,1", want: []target.Address{here, v4(9, 1)}},
		{name: "a wildcard comes first", first: "TargetAddress=0.0.0.0:3260,-1", second: "TargetAddress=192.0.2.9:3260,1", want: []target.Address{here, v4(9, 1)}},
		{name: "none comes first", first: "X-a=b", second: "TargetAddress=192.0.2.9:3260,1", want: []target.Address{v4(9, 1)}},
		{name: "none comes later", first: "TargetAddress=192.0.2.9:3260,1", second: "X-a=b", want: []target.Address{v4(9, 1)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Answers(scene.Pairs(a, tt.first, b, a, tt.second))))
				scene.Judge(t, r.Err, scene.Outcome{})
				if diff := cmp.Diff(tt.want, r.Targets[0].Addresses); diff != "" {
					t.Errorf("addresses (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestUnusableMany: a target cannot fill memory with addresses of no use.
func TestUnusableMany(t *testing.T) {
	t.Parallel()
	var all []string
	for i := range 100 {
		all = append(all, "TargetName=iqn.2026-11.com.example:a"+strings.Repeat("x", i), "TargetAddress=127.0.0."+strings.Repeat("1", 1+i%3)+":"+strings.Repeat("1", 1+i%4)+",1")
	}
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Answers(scene.Pairs(all...))))
		scene.Judge(t, r.Err, scene.Outcome{})
		if len(r.Warnings) != 1 || strings.Count(r.Warnings[0].Message, "127.0.0.") != 8 || !strings.HasSuffix(r.Warnings[0].Message, "and others") {
			t.Errorf("warnings %v", r.Warnings)
		}
	})
}
