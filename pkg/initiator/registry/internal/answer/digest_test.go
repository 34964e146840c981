package answer_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/internal/answer"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// TestDigest: answers have one digest where they leave the same in the registry.
func TestDigest(t *testing.T) {
	t.Parallel()
	a := target.Address{Host: "192.0.2.10", Port: 3260, Group: 1}
	b := target.Address{Host: "192.0.2.11", Port: 3260, Group: 1}
	usual := func() []target.Target {
		return []target.Target{{Name: "iqn.x:1", Addresses: []target.Address{a, b}}, {Name: "iqn.x:2", Alias: "two", Addresses: []target.Address{a}}}
	}
	at := netip.MustParseAddrPort("192.0.2.10:3260")
	want := answer.Digest(usual(), at, true)
	for _, tt := range []struct {
		name     string
		change   func(t []target.Target) []target.Target
		at       netip.AddrPort
		part     bool
		sameThen bool
	}{
		{name: "the same", sameThen: true},
		{name: "another order", change: func(t []target.Target) []target.Target { return []target.Target{t[1], t[0]} }, sameThen: true},
		{name: "a probe", change: func(t []target.Target) []target.Target { t[0].Addresses[0].Reach = 1; return t }, sameThen: true},
		{name: "one less", change: func(t []target.Target) []target.Target { return t[:1] }},
		{name: "another case", change: func(t []target.Target) []target.Target { t[0].Name = "IQN.x:1"; return t }},
		{name: "another alias", change: func(t []target.Target) []target.Target { t[0].Alias = "one"; return t }},
		{name: "another order of addresses", change: func(t []target.Target) []target.Target { t[0].Addresses = []target.Address{b, a}; return t }},
		{name: "another group", change: func(t []target.Target) []target.Target {
			t[1].Addresses = []target.Address{{Host: a.Host, Port: a.Port, Group: 2}}
			return t
		}},
		{name: "another port", change: func(t []target.Target) []target.Target {
			t[1].Addresses = []target.Address{{Host: a.Host, Port: 1, Group: 1}}
			return t
		}},
		{name: "unusable", change: func(t []target.Target) []target.Target { t[0].Addresses[0].Unusable = 1; return t }},
		{name: "text that moves", change: func(t []target.Target) []target.Target { t[1].Name, t[1].Alias = "iqn.x:2t", "wo"; return t }},
		{name: "at another address", at: netip.MustParseAddrPort("192.0.2.11:3260"), sameThen: true},
		{name: "in part", part: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			targets := usual()
			if tt.change != nil {
				targets = tt.change(targets)
			}
			if !tt.at.IsValid() {
				tt.at = at
			}
			if same := bytes.Equal(answer.Digest(targets, tt.at, !tt.part), want); same != tt.sameThen {
				t.Errorf("same: %t", same)
			}
		})
	}
}

// BenchmarkDigest takes the digest of 100,000 targets.
func BenchmarkDigest(b *testing.B) {
	targets := make([]target.Target, 100_000)
	for i := range targets {
		targets[i] = target.Target{Name: fmt.Sprintf("iqn.2026-11.com.example:storage.disk%07d", i), Addresses: []target.Address{{Host: "192.0.2.10", Port: 3260, Group: i}}}
	}
	for b.Loop() {
		answer.Digest(targets, netip.AddrPort{}, true)
	}
}
