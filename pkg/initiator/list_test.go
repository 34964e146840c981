package initiator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

func v4(last, group int) target.Address {
	return target.Address{Host: fmt.Sprintf("192.0.2.%d", last), Port: 3260, Group: group}
}

// here is the address of a target that names none.
var here = target.Address{Host: "192.0.2.1", Port: 3260, Group: target.NoGroup}

// unusableAnswer is text of which no target can be made.
var unusableAnswer = scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.InvalidSendTargetsText}

// TestList: what is wrong with one record costs that record and no other; what
// is wrong with the text costs the list.
func TestList(t *testing.T) {
	t.Parallel()
	const a, b = "iqn.2026-11.com.example:a", "iqn.2026-11.com.example:b"
	const nameA, nameB = "TargetName=" + a, "TargetName=" + b
	const addr1, addr2 = "TargetAddress=192.0.2.10:3260,1", "TargetAddress=192.0.2.11,2"
	malformed := scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.InvalidSendTargetsText}
	tests := []struct {
		name     string
		text     string
		targets  []target.Target
		warnings []initiator.WarningCode
		want     scene.Outcome
	}{
		{name: "nothing"},
		{name: "NULs", text: "\x00\x00\x00"},
		{name: "a target without an address", text: scene.Pairs(nameA), targets: []target.Target{targetOf(a, here)}},
		{name: "two", text: scene.Pairs(nameA, addr1, addr2, nameB), targets: []target.Target{targetOf(a, v4(10, 1), v4(11, 2)), targetOf(b, here)}},
		{name: "an address twice", text: scene.Pairs(nameA, addr1, addr1), targets: []target.Target{targetOf(a, v4(10, 1))}},
		{name: "an address in two groups", text: scene.Pairs(nameA, addr1, "TargetAddress=192.0.2.10,2"), targets: []target.Target{targetOf(a, v4(10, 1), v4(10, 2))}},
		{name: "neighbours of one name", text: scene.Pairs(nameA, addr1, nameA, addr2), targets: []target.Target{targetOf(a, v4(10, 1), v4(11, 2))}},
		{name: "a name again", text: scene.Pairs(nameA, addr1, nameB, nameA, addr2), targets: []target.Target{targetOf(a, v4(10, 1), v4(11, 2)), targetOf(b, here)}},
		{name: "a name again, in another case", text: scene.Pairs(nameA, addr1, nameB, "TargetName=IQN.2026-11.com.example:A", addr2), targets: []target.Target{targetOf(a, v4(10, 1), v4(11, 2)), targetOf(b, here)}},
		{name: "a name without an address, and again with one", text: scene.Pairs(nameA, nameB, nameA, addr1), targets: []target.Target{targetOf(a, v4(10, 1)), targetOf(b, here)}},
		{name: "a name with an address, and again without", text: scene.Pairs(nameA, addr1, nameB, nameA), targets: []target.Target{targetOf(a, v4(10, 1)), targetOf(b, here)}},
		{name: "a name without an address, and again without", text: scene.Pairs(nameA, nameB, nameA), targets: []target.Target{targetOf(a, here), targetOf(b, here)}},
		{name: "neighbours in another case", text: scene.Pairs("TargetName=iqn.2026-11.com.example:A", addr1, nameA, addr2), targets: []target.Target{targetOf("iqn.2026-11.com.example:A", v4(10, 1), v4(11, 2))}},
		{name: "an alias", text: scene.Pairs(nameA, "TargetAlias=Größe\x1b", addr1), targets: []target.Target{{Name: a, Alias: "Größe\x1b", Addresses: []target.Address{v4(10, 1)}}}},
		{name: "own keys", text: scene.Pairs(nameA, "X-com.example.rack=7", "X#rack=7", addr1), targets: []target.Target{targetOf(a, v4(10, 1))}},

		{name: "a key that does not belong", text: scene.Pairs("TargetPortalGroupTag=1", nameA, "Rack=\x1b[2J"), targets: []target.Target{targetOf(a, here)}, warnings: []initiator.WarningCode{initiator.WarnUnknownKey, initiator.WarnUnknownKey}},
		{name: "a bad name", text: scene.Pairs("TargetName=disk\x1b[2J", addr1, nameA), targets: []target.Target{targetOf(a, here)}, warnings: []initiator.WarningCode{initiator.WarnTargetName}},
		{name: "a bad name between", text: scene.Pairs(nameA, "TargetName=../../etc/passwd", addr1, nameB), targets: []target.Target{targetOf(a, here), targetOf(b, here)}, warnings: []initiator.WarningCode{initiator.WarnTargetName}},
		{name: "a bad name between the same", text: scene.Pairs(nameA, addr1, "TargetName=x y", nameA, addr2), targets: []target.Target{targetOf(a, v4(10, 1), v4(11, 2))}, warnings: []initiator.WarningCode{initiator.WarnTargetName}},
		{name: "no name", text: scene.Pairs("TargetName=", addr1, nameA), targets: []target.Target{targetOf(a, here)}, warnings: []initiator.WarningCode{initiator.WarnTargetName}},
		{name: "a name that is not UTF-8", text: scene.Pairs(nameA+"\xff", nameB), targets: []target.Target{targetOf(b, here)}, warnings: []initiator.WarningCode{initiator.WarnTargetName}},
		{name: "a name with a newline", text: scene.Pairs(nameA+"\n192.0.2.66:3260,1 "+b, nameB), targets: []target.Target{targetOf(b, here)}, warnings: []initiator.WarningCode{initiator.WarnTargetName}},
		{name: "a bad name has any alias and addresses", text: scene.Pairs("TargetName=-x", "TargetAlias=\xff", "TargetAddress=", nameA), targets: []target.Target{targetOf(a, here)}, warnings: []initiator.WarningCode{initiator.WarnTargetName}},
		{name: "a bad address", text: scene.Pairs(nameA, "TargetAddress=\x1b[2J", addr1), targets: []target.Target{targetOf(a, v4(10, 1))}, warnings: []initiator.WarningCode{initiator.WarnTargetAddress}},
		{name: "bad addresses alone", text: scene.Pairs(nameA, "TargetAddress=10.0.0.1:0,1", "TargetAddress=", nameB), targets: []target.Target{targetOf(a, here), targetOf(b, here)}, warnings: []initiator.WarningCode{initiator.WarnTargetAddress, initiator.WarnTargetAddress, initiator.WarnNoAddress}},
		{name: "bad addresses alone, at the end", text: scene.Pairs(nameB, nameA, "TargetAddress=x y"), targets: []target.Target{targetOf(b, here), targetOf(a, here)}, warnings: []initiator.WarningCode{initiator.WarnTargetAddress, initiator.WarnNoAddress}},
		{name: "bad addresses, and good ones under the name again", text: scene.Pairs(nameA, "TargetAddress=x y", nameA, addr1), targets: []target.Target{targetOf(a, v4(10, 1))}, warnings: []initiator.WarningCode{initiator.WarnTargetAddress}},
		{name: "a bad alias", text: scene.Pairs(nameA, "TargetAlias=\xff", nameB, "TargetAlias="+strings.Repeat("a", 256)), targets: []target.Target{targetOf(a, here), targetOf(b, here)}, warnings: []initiator.WarningCode{initiator.WarnTargetAlias, initiator.WarnTargetAlias}},

		{name: "an address before any name", text: scene.Pairs(addr1, nameA), want: malformed},
		{name: "an alias before any name", text: scene.Pairs("TargetAlias=x", nameA), want: malformed},
		{name: "no '='", text: scene.Pairs(nameA, "rubbish", nameB), want: malformed},
		{name: "no key", text: scene.Pairs("=rubbish"), want: malformed},
		{name: "no NUL at the end", text: nameA, want: malformed},
		{name: "a value of 9 KiB", text: scene.Pairs(nameA, "TargetAlias="+strings.Repeat("a", 9<<10)), want: malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Answers(tt.text)))
				scene.Judge(t, r.Err, tt.want)
				if tt.want != (scene.Outcome{}) {
					return
				}
				if diff := cmp.Diff(tt.targets, r.Targets); diff != "" {
					t.Errorf("targets (-want +got):\n%s", diff)
				}
				var codes []initiator.WarningCode
				for _, w := range r.Warnings {
					codes = append(codes, w.Code)
				}
				if diff := cmp.Diff(tt.warnings, codes); diff != "" {
					t.Errorf("warnings (-want +got):\n%s\n%v", diff, r.Warnings)
				}
				if r.TargetsFound != len(tt.targets) {
					t.Errorf("%d targets found, want %d", r.TargetsFound, len(tt.targets))
				}
			})
		})
	}
}

// TestListStream: a stream merges neighbours of one name, and no others.
func TestListStream(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		const a, b = "iqn.2026-11.com.example:a", "iqn.2026-11.com.example:b"
		text := scene.Pairs("TargetName="+a, "TargetAddress=192.0.2.10,1", "TargetName="+a, "TargetAddress=192.0.2.11,1", "TargetName="+b, "TargetName="+a)
		var got []target.Target
		for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{scene.Portal(n, scene.Where, scene.Answers(text))})) {
			switch e := e.(type) {
			case initiator.TargetFound:
				got = append(got, e.Target)
			case initiator.PortalDone:
				if e.Result.Err != nil || e.Result.TargetsFound != 3 || e.Result.Targets != nil {
					t.Errorf("result %+v", e.Result)
				}
			}
		}
		want := []target.Target{targetOf(a, v4(10, 1), v4(11, 1)), targetOf(b, here), targetOf(a, here)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("targets (-want +got):\n%s", diff)
		}
	})
}

// TestListZone: a link-local address takes the zone of the session that it came
// by, whatever zone the target has there, and no other address has one.
func TestListZone(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		const a, b = "iqn.2026-11.com.example:a", "iqn.2026-11.com.example:b"
		text := scene.Pairs("TargetName="+a, "TargetAddress=[fe80::2],1", "TargetAddress=[2001:db8::2],1", "TargetAddress=169.254.0.2,1",
			"TargetAddress=[fe80::3%eth9],1", "TargetAddress=[ff02::1],1", "TargetName="+b)
		r, _ := discover(t, d, scene.Portal(n, "[fe80::1%eth0]:3260", scene.Answers(text)))
		scene.Judge(t, r.Err, scene.Outcome{})
		address := func(host string, group int) target.Address {
			return target.Address{Host: host, Port: 3260, Group: group}
		}
		want := []target.Target{
			targetOf(a, address("fe80::2%eth0", 1), address("2001:db8::2", 1), address("169.254.0.2", 1), address("fe80::3%eth0", 1),
				target.Address{Host: "ff02::1", Port: 3260, Group: 1, Unusable: target.MulticastAddress}),
			targetOf(b, address("fe80::1%eth0", target.NoGroup)),
		}
		if diff := cmp.Diff(want, r.Targets); diff != "" {
			t.Errorf("targets (-want +got):\n%s", diff)
		}
		if scene.Warned(r, initiator.WarnUnusable) != 1 || len(r.Warnings) != 1 {
			t.Errorf("warnings %v", r.Warnings)
		}
	})
}

// TestListWarnings: a target cannot fill memory with what is wrong with it.
func TestListWarnings(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		var bad []string
		for i := range 1000 {
			bad = append(bad, fmt.Sprintf("TargetName=\x1b%d%s", i, strings.Repeat("\xff", 200)))
		}
		r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Answers(scene.Pairs(bad...))))
		scene.Judge(t, r.Err, unusableAnswer)
		if len(r.Warnings) != 101 || r.Warnings[100].Code != initiator.WarnMore || r.Warnings[100].Message != "900 more warnings" {
			t.Errorf("%d warnings, the last is %v", len(r.Warnings), r.Warnings[len(r.Warnings)-1])
		}
	})
}

// TestListManyAddresses: the addresses of a name that comes again join those
// that it has, each once, also where they are many.
func TestListManyAddresses(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		var text []string
		for range 3 {
			text = append(text, "TargetName=iqn.2026-11.com.example:a")
			for i := range 40 {
				text = append(text, fmt.Sprintf("TargetAddress=192.0.2.%d,1", i))
			}
			text = append(text, "TargetName=iqn.2026-11.com.example:b", "TargetAddress=192.0.2.1,1")
		}
		r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Answers(scene.Pairs(text...))))
		scene.Judge(t, r.Err, scene.Outcome{})
		if len(r.Targets) != 2 || len(r.Targets[0].Addresses) != 40 || len(r.Targets[1].Addresses) != 1 {
			t.Errorf("targets %v", r.Targets)
		}
		for i, a := range r.Targets[0].Addresses {
			if a != v4(i, 1) {
				t.Errorf("address %d is %s", i, a)
			}
		}
	})
}
