package targets_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
	"github.com/go-iscsi/discovery/test/targets"
)

// TestMain gave us a namespace, in which there is nothing but the loopback.
func TestIsolated(t *testing.T) {
	need.Root(t)
	if !netns.Isolated() {
		t.Error("the tests run in the host's network")
	}
	list, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		if i.Flags&net.FlagLoopback == 0 {
			t.Errorf("got interface %s, want none but the loopback", i.Name)
		}
	}
}

// Two namespaces with a cable: the targets in one, the initiator in the other.
func TestOtherNamespace(t *testing.T) {
	host, far := netns.New(t), netns.New(t)
	netns.Connect(t, host, "eth0", far, "eth0")
	host.AddAddress(t, "eth0", netip.MustParsePrefix("10.0.0.1/24"))
	far.AddAddress(t, "eth0", netip.MustParsePrefix("10.0.0.2/24"))
	at := []netip.Addr{netip.MustParseAddr("10.0.0.2")}

	for _, tt := range []struct {
		name  string
		start func(*testing.T) *targets.Target
		ls    targets.Ls
	}{
		{name: "gotgt", start: func(t *testing.T) *targets.Target {
			return targets.StartGotgt(t, targets.GotgtConfig{Namespace: far, Addrs: at, Port: 3260})
		}},
		{name: "istgt", ls: quietLs, start: func(t *testing.T) *targets.Target {
			return targets.StartIstgt(t, targets.IstgtConfig{Namespace: far, Addrs: at, Port: 3260})
		}},
		{name: "tgt", start: func(t *testing.T) *targets.Target {
			return &targets.StartTgt(t, targets.TgtConfig{Namespace: far, Addrs: at, Port: 3260}).Target
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := tt.start(t)
			c := targets.StartCapture(t, targets.CaptureConfig{Namespace: host, Interface: "eth0", Port: 3260})
			tt.ls.Namespace = host
			got, err := tt.ls.List(t, g.URL())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(list(g.Targets, g.Portals...), got); diff != "" {
				t.Errorf("want (-) and got (+):\n%s", diff)
			}
			j := c.Judge()
			for _, p := range j.Problems {
				t.Error(p)
			}
			if len(j.PDUs) == 0 || j.PDUs[0].From.Addr() != netip.MustParseAddr("10.0.0.1") {
				t.Errorf("got %d PDUs, want some, the first from 10.0.0.1", len(j.PDUs))
			}
		})
	}
}
