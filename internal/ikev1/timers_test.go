package ikev1

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/ike"
)

// schedule notes when the machine sends, and to which port.
func schedule(n *net, d func(ike.Datagram) bool) *[]string {
	start := n.now
	var got []string
	n.out = func(x ike.Datagram) []ike.Datagram {
		if d(x) {
			got = append(got, fmt.Sprintf("%v to %d version %x", n.now.Sub(start), x.Port, x.Data[17]))
		}
		return []ike.Datagram{x}
	}
	return &got
}

func TestRetransmission(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	got := schedule(n, func(ike.Datagram) bool { return true })
	n.in = lost
	n.open(1, want(t))
	n.run(12*time.Second, nil)
	want := []string{
		"0s to 500 version 10", "250ms to 500 version 10", "750ms to 500 version 10",
		"1.75s to 500 version 10", "1.75s to 4500 version 10", "1.75s to 500 version 20", "1.75s to 4500 version 20",
		"3.75s to 500 version 10", "3.75s to 4500 version 10", "7.75s to 500 version 10", "7.75s to 4500 version 10",
		"11.75s to 500 version 10", "11.75s to 4500 version 10",
	}
	if !slices.Equal(*got, want) {
		t.Errorf("got %q\nwant %q", *got, want)
	}
	if f := n.m.Reason(1); f.Cause != ike.Silent || n.ended() != nil {
		t.Errorf("got %v and %v, want silent, and no end", f, n.ended())
	}
}

func TestOtherPort(t *testing.T) {
	t.Parallel()
	for _, ex := range exchanges {
		t.Run(ex.name, func(t *testing.T) {
			t.Parallel()
			n := newNet(t, fast(t, ex.aggressive), peerConfig())
			n.out = func(d ike.Datagram) []ike.Datagram {
				if d.Port == ike.Port {
					return nil
				}
				return []ike.Datagram{d}
			}
			n.mustUp(want(t))
		})
	}
}

// TestEagerQuickMode has message 3 of aggressive mode come late, as where the peer takes
// its time for it: a Quick Mode that overtakes it is dropped.
func TestEagerQuickMode(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, true), peerConfig())
	third := nth(1, func(d ike.Datagram) []ike.Datagram {
		n.flying = append(n.flying, flight{n.now.Add(40 * time.Millisecond), true, d})
		return nil
	})
	got := schedule(n, func(d ike.Datagram) bool { return d.Data[18] == exchangeQuick || d.Data[18] == exchangeAggressive })
	note := n.out
	n.out = func(d ike.Datagram) []ike.Datagram { note(d); return third(d) }
	n.mustUp(want(t))
	want := []string{"0s to 500 version 10", "10ms to 4500 version 10", "30ms to 4500 version 10", "80ms to 4500 version 10", "90ms to 4500 version 10"}
	if !slices.Equal(*got, want) {
		t.Errorf("got %q\nwant %q", *got, want)
	}
}

// TestRepeatedAnswers has each answer of the peer come several times, among repetitions of
// message 2, as libreswan does after a retransmission of ours.
func TestRepeatedAnswers(t *testing.T) {
	t.Parallel()
	n := newNet(t, fast(t, false), peerConfig())
	var second ike.Datagram
	n.in = func(d ike.Datagram) []ike.Datagram {
		if second.Data == nil {
			second = d
			return []ike.Datagram{d}
		}
		return []ike.Datagram{second, d, second}
	}
	n.out = tenfold
	n.mustUp(want(t))
	if len(n.ups(1)) != 1 {
		t.Errorf("got %d associations, want 1", len(n.ups(1)))
	}
}
