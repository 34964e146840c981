package initiator_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestEarlierAddress: an address that failed before another worked is a warning
// that says which, whatever went wrong.
func TestEarlierAddress(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]iscsitest.Handler{
		"closed": iscsitest.Script{iscsitest.Close()},
		"cut":    iscsitest.CutAfter(20, &iscsitest.Target{}),
		"silent": iscsitest.Script{iscsitest.Silence()},
		"no":     &iscsitest.Target{Status: 0x0301},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Lookup = scene.Lookup("192.0.2.1", "2001:db8::1", "192.0.2.3")
				n.Portal("192.0.2.1:3260", handler)
				n.Portal("192.0.2.3:3260", &iscsitest.Target{})
				r, _ := discover(t, d, named)
				scene.Judge(t, r.Err, scene.Outcome{})
				if len(r.Warnings) != 2 || scene.Warned(r, initiator.WarnEarlierAddress) != 2 ||
					!strings.HasPrefix(r.Warnings[0].Message, "login to array.example:3260 (192.0.2.1:3260) from 192.0.2.254: ") ||
					!strings.HasPrefix(r.Warnings[1].Message, "connect to array.example:3260 ([2001:db8::1]:3260): connection refused") {
					t.Errorf("warnings %q", r.Warnings)
				}
			})
		})
	}
}

// TestLookup: what a name server may say.
func TestLookup(t *testing.T) {
	t.Parallel()
	unresolved := scene.Outcome{Stage: initiator.StageResolve, Code: isdsc.DNSNameUnresolved}
	noHost := scene.Outcome{Stage: initiator.StageResolve, Code: isdsc.InvalidHost, Text: "it has no usable address"}
	tests := []struct {
		name  string
		addrs []string
		err   error
		want  scene.Outcome
	}{
		{name: "one", addrs: []string{"192.0.2.1"}},
		{name: "one, mapped", addrs: []string{"::ffff:192.0.2.1"}},
		{name: "among others", addrs: []string{"0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1", "ff02::1", "255.255.255.255", "192.0.2.1"}},
		{name: "none", want: noHost},
		{name: "none that is a host", addrs: []string{"0.0.0.0", "224.0.0.1"}, want: noHost},
		{name: "unknown", err: &net.DNSError{Err: "no such host", Name: "array.example", IsNotFound: true}, want: scene.Outcome{Stage: initiator.StageResolve, Code: isdsc.DNSNameUnresolved, Text: "resolve array.example:3260: no such host; check the host name"}},
		{name: "for now", err: &net.DNSError{Err: "server misbehaving", IsTemporary: true}, want: scene.Outcome{Stage: initiator.StageResolve, Code: isdsc.DNSNameUnresolved, Retry: true, Text: "server misbehaving; check the name servers of this host, or give the address of the portal"}},
		{name: "another error", err: errors.New("no"), want: unresolved},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Lookup = scene.Lookup(tt.addrs...)
				if tt.err != nil {
					d.Lookup = func(context.Context, string) ([]netip.Addr, error) { return nil, tt.err }
				}
				n.Portal(scene.Where, &iscsitest.Target{})
				r, _ := discover(t, d, named)
				scene.Judge(t, r.Err, tt.want)
				if len(r.Warnings) != 0 {
					t.Errorf("warnings %v", r.Warnings)
				}
			})
		})
	}
}

// TestNoHost: what cannot be the address of a host is refused, and nothing sent.
func TestNoHost(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0", "::", "::ffff:0.0.0.0", "224.0.0.1", "::ffff:224.0.0.1", "ff02::1%eth0", "255.255.255.255"} {
		t.Run(addr, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				r, _ := discover(t, d, scene.At(netip.AddrPortFrom(netip.MustParseAddr(addr), 3260)))
				scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageValidate, Code: isdsc.InvalidHost})
				if len(n.Dials()) != 0 {
					t.Errorf("dials %v", n.Dials())
				}
			})
		})
	}
}
