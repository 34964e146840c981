package iscsitest_test

import (
	"net"
	"testing"

	. "github.com/go-iscsi/discovery/internal/iscsitest"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

var records = []Record{
	{Name: "iqn.2026-01.test:one", Addresses: []string{"192.0.2.1:3260,1", "[2001:db8::1]:3260,2"}},
	{Name: "iqn.2026-01.test:two"},
}

const recordsText = "TargetName=iqn.2026-01.test:one\x00" +
	"TargetAddress=192.0.2.1:3260,1\x00" +
	"TargetAddress=[2001:db8::1]:3260,2\x00" +
	"TargetName=iqn.2026-01.test:two\x00"

func TestTarget(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		target Target
	}{
		{name: "plain", target: Target{}},
		{name: "StatSN wraps", target: Target{FirstStatSN: 0xfffffffe}},
		{name: "header digest", target: Target{HeaderDigest: true}},
		{name: "data digest", target: Target{DataDigest: true}},
		{name: "both digests, in pieces", target: Target{HeaderDigest: true, DataDigest: true, MaxText: 40}},
		{name: "between pairs", target: Target{MaxText: 40}},
		{name: "one pair at least", target: Target{MaxText: 1}},
		{name: "anywhere", target: Target{MaxText: 7, Split: SplitAnywhere}},
		{name: "one byte at a time", target: Target{MaxText: 1, Split: SplitAnywhere}},
		{name: "NOP-In", target: Target{MaxText: 40, NOPIn: true}},
		{name: "trickle", target: Target{Respond: func(_, response pdu.PDU) Step { return Trickle(response) }}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.target.Records = records
			i := newInitiator(t, Pipe(t, &tt.target))
			if got := i.discover(); got != recordsText {
				t.Errorf("got  %q\nwant %q", got, recordsText)
			}
		})
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	s := Listen(t, &Target{Records: records}, &Target{})
	for _, want := range []string{recordsText, "", ""} {
		nc, err := net.Dial("tcp", s.Addr.String())
		if err != nil {
			t.Fatal(err)
		}
		if got := newInitiator(t, nc).discover(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	got := s.Sessions()
	if len(got) != 3 {
		t.Fatalf("got %d sessions, want 3", len(got))
	}
	if name, _ := got[0].Key("InitiatorName"); name != "iqn.2026-01.test:i" {
		t.Errorf("got InitiatorName %q", name)
	}
	if !got[0].Peer.Addr().IsLoopback() {
		t.Errorf("got peer %s, want a loopback address", got[0].Peer)
	}
}
