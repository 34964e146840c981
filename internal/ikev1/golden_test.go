package ikev1

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// numbers is a source of numbers that are always the same: SHA-256 of a count from 1 on,
// one hash after the other. The recordings were made with it.
type numbers struct {
	count uint32
	rest  []byte
}

func (n *numbers) Read(b []byte) (int, error) {
	for len(n.rest) < len(b) {
		n.count++
		n.rest = append(n.rest, ike.SHA256.Sum(binary.BigEndian.AppendUint32(nil, n.count))...)
	}
	k := copy(b, n.rest)
	n.rest = n.rest[k:]
	return k, nil
}

// TestCharon replays what was recorded between this machine and charon: every byte that
// we send, and every key, is as it was then. The keys are those of charon's log.
func TestCharon(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		aggressive bool
		ike        []string
		esp        string
	}{
		{"main", false, []string{"aes256-sha256-modp2048", "aes128-sha256-modp2048"}, "aes128-sha256-modp2048"},
		{"aggressive", true, []string{"aes256-sha1-modp2048"}, "aes256gcm16"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile("testdata/charon-" + tt.name + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			src, peer := netip.MustParseAddr("10.97.0.1"), netip.MustParseAddr("10.97.0.2")
			cfg := ike.Config{Source: src, Peer: peer, Local: ike.AddrIdentity(src), Remote: ike.AddrIdentity(peer), Aggressive: tt.aggressive, Random: &numbers{}}
			cfg.PSK = func() []byte { return []byte("groupkey") }
			for _, s := range tt.ike {
				cfg.Suites = append(cfg.Suites, suite(t, s))
			}
			r := replay{t: t, m: New(cfg), now: time.Unix(0, 0)}
			r.take(r.m.Open(r.now, 1, ike.Child{Tunnel: true, Local: netip.AddrPortFrom(src, 51234), Portal: netip.AddrPortFrom(peer, 3261), Suites: []ike.ESPSuite{espSuite(t, tt.esp)}}))
			for line := range strings.Lines(string(text)) {
				if f := strings.Fields(line); f[0] != "#" {
					r.line(f)
				}
			}
			if len(r.sent) > 0 || !r.up {
				t.Errorf("%d messages are left, up %t", len(r.sent), r.up)
			}
		})
	}
}

// TestCharonAndAnotherKey gives what charon said to a machine that has another key.
func TestCharonAndAnotherKey(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]ike.Cause{"main": ike.OtherKeySeems, "aggressive": ike.OtherKey} {
		cfg := config(t)
		cfg.Remote, cfg.Random, cfg.Aggressive = ike.ParseIdentity("10.97.0.2"), &numbers{}, name == "aggressive"
		cfg.Suites = []ike.Suite{suite(t, map[string]string{"main": "aes256-sha256-modp2048", "aggressive": "aes256-sha1-modp2048"}[name])}
		m := New(cfg)
		m.Open(time.Unix(0, 0), 1, ike.Child{Local: local, Portal: portal, Suites: []ike.ESPSuite{espSuite(t, "aes256gcm16")}})
		for _, b := range recorded(t, name, "<") {
			if o := m.Receive(time.Unix(0, 0), ike.Datagram{Port: ike.Port, Data: b}); len(o.Events) > 0 {
				t.Errorf("%s: got %v", name, o.Events)
			}
		}
		if f := m.Reason(1); f.Cause != want || f.Authenticated {
			t.Errorf("%s: got %v, want cause %d", name, f, want)
		}
	}
}

// A replay goes through a recording.
type replay struct {
	t      *testing.T
	m      *Machine
	now    time.Time
	next   time.Time
	sent   []ike.Datagram
	keys   map[string]string
	want   map[string]string
	up     bool
	closed bool
}

func (r *replay) take(o ike.Output) {
	r.next = o.Next
	r.sent = append(r.sent, o.Send...)
	for _, e := range o.Events {
		if u, ok := e.(ike.ChildUp); ok {
			r.up = true
			r.keys = map[string]string{
				"in": fmt.Sprintf("%08x %x", u.In.SPI, u.In.Key.Bytes()), "out": fmt.Sprintf("%08x %x", u.Out.SPI, u.Out.Key.Bytes()),
				"skeyid_d": fmt.Sprintf("%x", r.m.sa.keys.derive.Bytes()), "skeyid_a": fmt.Sprintf("%x", r.m.sa.keys.auth.Bytes()),
				"ka": fmt.Sprintf("%x", r.m.sa.keys.cipher.Bytes()),
			}
		}
	}
}

func (r *replay) line(f []string) {
	r.t.Helper()
	if f[0] != "<" && f[0] != ">" {
		if r.want == nil {
			r.want = map[string]string{}
		}
		r.want[f[0]] = strings.Join(f[1:], " ")
		return
	}
	port, _ := strconv.ParseUint(f[1], 10, 16)
	data, err := hex.DecodeString(f[2])
	if err != nil {
		r.t.Fatal(err)
	}
	if f[0] == "<" {
		r.take(r.m.Receive(r.now, ike.Datagram{Port: uint16(port), Data: data}))
		return
	}
	if len(r.sent) == 0 && r.up && !r.closed {
		for k, want := range r.want {
			if got := r.keys[k]; got != want {
				r.t.Errorf("%s: got %s\nwant %s", k, got, want)
			}
		}
		r.closed = true
		r.take(r.m.Close(r.now))
	}
	if len(r.sent) == 0 { // aggressive mode waits a while
		r.now = r.next
		r.take(r.m.Tick(r.now))
	}
	if len(r.sent) == 0 || r.sent[0].Port != uint16(port) || !bytes.Equal(r.sent[0].Data, data) {
		r.t.Fatalf("got %x\nwant %x", r.sent, data)
	}
	r.sent = r.sent[1:]
}
