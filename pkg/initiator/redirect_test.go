package initiator_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// notFollowed is the outcome of a redirection that we did not like.
func notFollowed(text string) scene.Outcome {
	return scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.TargetMovedTemporarily, Text: text}
}

// TestRedirect: where a login may lead, and where not.
func TestRedirect(t *testing.T) {
	t.Parallel()
	good := &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}}}
	chain := func(n int) map[string]*iscsitest.Target {
		hosts := map[string]*iscsitest.Target{scene.Where: scene.Sends("192.0.2.10")}
		for i := range n - 1 {
			hosts[fmt.Sprintf("192.0.2.%d:3260", i+10)] = scene.Sends(fmt.Sprintf("192.0.2.%d:3260", i+11))
		}
		hosts[fmt.Sprintf("192.0.2.%d:3260", n+9)] = good
		return hosts
	}
	tests := []struct {
		name  string
		set   func(d *initiator.Discoverer)
		first string // Where it begins; empty: where
		hosts map[string]*iscsitest.Target
		hops  int
		want  scene.Outcome
	}{
		{name: "to another port", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("192.0.2.1:3261"), "192.0.2.1:3261": good}, hops: 1},
		{name: "to another host", hosts: chain(1), hops: 1},
		{name: "with a tag", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("192.0.2.10:3260,7"), "192.0.2.10:3260": good}, hops: 1},
		{name: "to the other family", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("[2001:db8::1]:3260"), "[2001:db8::1]:3260": good}, hops: 1},
		{name: "to a mapped address", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("[::ffff:192.0.2.10]"), "192.0.2.10:3260": good}, hops: 1},
		{name: "four times", hosts: chain(4), hops: 4},
		{name: "five times", hosts: chain(5), hops: 4, want: notFollowed("this is redirection 5, and only 4 are followed")},
		{name: "to itself", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends(scene.Where)}, want: notFollowed("it leads back to an address that was asked before")},
		{name: "in a circle", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("192.0.2.2"), "192.0.2.2:3260": scene.Sends("192.0.2.3"), "192.0.2.3:3260": scene.Sends("192.0.2.2")}, hops: 2, want: notFollowed("it leads back to an address that was asked before")},
		{name: "in a circle by another spelling", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("192.0.2.2"), "192.0.2.2:3260": scene.Sends("[::ffff:192.0.2.1]:3260,1")}, hops: 1, want: notFollowed("it leads back to an address that was asked before")},
		{name: "within this host", first: "127.0.0.1:3260", hosts: map[string]*iscsitest.Target{"127.0.0.1:3260": scene.Sends("127.0.0.1:3261"), "127.0.0.1:3261": good}, hops: 1},
		{name: "within the link", first: "[fe80::1%eth0]:3260", hosts: map[string]*iscsitest.Target{"[fe80::1%eth0]:3260": scene.Sends("[fe80::2]:3261"), "[fe80::2%eth0]:3261": good}, hops: 1},

		{name: "to this host", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("127.0.0.1")}, want: notFollowed("it leads to this host itself")},
		{name: "to this host, elsewhere in it", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("127.9.9.9:22")}, want: notFollowed("it leads to this host itself")},
		{name: "to this host by IPv6", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("[::1]")}, want: notFollowed("it leads to this host itself")},
		{name: "to this host, mapped", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("[::ffff:127.0.0.1]")}, want: notFollowed("it leads to this host itself")},
		{name: "to this host by way of another", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("192.0.2.2"), "192.0.2.2:3260": scene.Sends("127.0.0.1")}, hops: 1, want: notFollowed("it leads to this host itself")},
		{name: "from the link to this host", first: "[fe80::1%eth0]:3260", hosts: map[string]*iscsitest.Target{"[fe80::1%eth0]:3260": scene.Sends("[::1]")}, want: notFollowed("it leads to this host itself")},
		{name: "to the link", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("[fe80::2]")}, want: notFollowed("it leads to a link-local address")},
		{name: "to the link of IPv4", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("169.254.169.254:80")}, want: notFollowed("it leads to a link-local address")},
		{name: "to a group", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("224.0.0.1")}, want: notFollowed("not the address of a host")},
		{name: "to a group of IPv6", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("[ff02::1]")}, want: notFollowed("not the address of a host")},
		{name: "to no address", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("0.0.0.0")}, want: notFollowed("not the address of a host")},
		{name: "to no address of IPv6", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("[::]")}, want: notFollowed("not the address of a host")},
		{name: "to all", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("255.255.255.255")}, want: notFollowed("not the address of a host")},
		{name: "to a zone of its choice", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("[fe80::2%lo]")}, want: notFollowed("it leads to a link-local address")},

		{name: "to a name", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("array.example")}, want: notFollowed("host names from targets are")},
		{name: "to a number that a resolver might take", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("0x7f.1")}, want: notFollowed("host names from targets are")},
		{name: "to another such number", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("2130706433")}, want: notFollowed("not an IPv4 address")},
		{name: "nowhere", hosts: map[string]*iscsitest.Target{scene.Where: {Status: pdu.StatusMovedTemporarily}}, want: notFollowed("redirected to nowhere: it names no address")},
		{name: "to rubbish", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("\x1b[2J")}, want: notFollowed(`redirected to "\x1b[2J": not an address`)},
		{name: "to port 0", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("192.0.2.2:0")}, want: notFollowed("the TCP port is not a number from 1 to 65535")},
		{name: "to a closed port", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("192.0.2.2")}, hops: 1, want: scene.Outcome{Stage: initiator.StageConnect, Code: isdsc.ConnectionFailed, Retry: true, Text: "192.0.2.1:3260 (192.0.2.2:3260): connection refused"}},
		{name: "to a target that refuses", hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("192.0.2.2"), "192.0.2.2:3260": {Status: pdu.StatusNotFound}}, hops: 1, want: scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.NotFound}},

		{name: "not followed", set: func(d *initiator.Discoverer) { d.Redirect = login.RedirectNone }, hosts: chain(1), want: notFollowed("redirections are not followed")},
		{name: "any", set: func(d *initiator.Discoverer) { d.Redirect = login.RedirectAny }, hosts: chain(2), hops: 2},
		{name: "any, but not to this host", set: func(d *initiator.Discoverer) { d.Redirect = login.RedirectAny }, hosts: map[string]*iscsitest.Target{scene.Where: scene.Sends("127.0.0.1")}, want: notFollowed("it leads to this host itself")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				if tt.set != nil {
					tt.set(d)
				}
				d.Lookup = func(context.Context, string) ([]netip.Addr, error) {
					t.Error("a name was looked up for a target")
					return nil, errors.New("no")
				}
				first := tt.first
				if first == "" {
					first = scene.Where
				}
				for addr, target := range tt.hosts {
					n.Portal(addr, target)
				}
				r, took := discover(t, d, scene.At(netip.MustParseAddrPort(first)))
				scene.Judge(t, r.Err, tt.want)
				if len(r.Redirects) != tt.hops || len(n.Dials()) != tt.hops+1 || took != 0 {
					t.Errorf("after %s: dials %v, hops %v", took, n.Dials(), r.Redirects)
				}
				if tt.want != (scene.Outcome{}) {
					return
				}
				if last := r.Redirects[tt.hops-1].To; len(r.Targets) != 1 || r.Address != last || r.Targets[0].Addresses[0].Host != last.Addr().String() {
					t.Errorf("at %s, targets %v", r.Address, r.Targets)
				}
			})
		})
	}
}

// TestRedirectHops: what the result says of the way.
func TestRedirectHops(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		p := scene.Portal(n, scene.Where, &iscsitest.Target{Redirect: "192.0.2.2", Status: pdu.StatusMovedPermanently})
		n.Portal("192.0.2.2:3260", &iscsitest.Target{Redirect: "192.0.2.3:860", Status: 0x0109})
		n.Portal("192.0.2.3:860", &iscsitest.Target{})
		r, _ := discover(t, d, p)
		scene.Judge(t, r.Err, scene.Outcome{})
		ap := netip.MustParseAddrPort
		want := []initiator.Redirect{
			{From: ap(scene.Where), To: ap("192.0.2.2:3260"), Status: pdu.StatusMovedPermanently, Permanent: true},
			{From: ap("192.0.2.2:3260"), To: ap("192.0.2.3:860"), Status: 0x0109},
		}
		if diff := cmp.Diff(want, r.Redirects, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); diff != "" {
			t.Errorf("hops (-want +got):\n%s", diff)
		}
		if scene.Warned(r, initiator.WarnMovedForGood) != 1 || len(r.Warnings) != 1 {
			t.Errorf("warnings %v", r.Warnings)
		}
		for i, addr := range []string{scene.Where, "192.0.2.2:3260", "192.0.2.3:860"} {
			s := n.Sessions(ap(addr))
			if len(s) != 1 {
				t.Fatalf("%d sessions at %s", len(s), addr)
			}
			first := s[0].Requests[0].(*pdu.LoginRequest)
			if first.TSIH != 0 || first.ExpStatSN != 0 || first.CmdSN != 1 {
				t.Errorf("session %d does not begin anew: %+v", i, first)
			}
		}
	})
}

// TestRedirectLate: a login may be sent on at any response, also after CHAP.
func TestRedirectLate(t *testing.T) {
	t.Parallel()
	for i, stage := range fullResponses {
		if stage != initiator.StageLogin {
			continue
		}
		t.Run(fmt.Sprintf("response %d", i), func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				send := iscsitest.Send(&pdu.LoginResponse{Status: pdu.StatusMovedTemporarily, Data: iscsitest.Text("TargetAddress=192.0.2.1:3261")})
				p := withAll(scene.Portal(n, scene.Where, instead(full(), i, send)))
				n.Portal("192.0.2.1:3261", full())
				r, _ := discover(t, d, p)
				if scene.Judge(t, r.Err, scene.Outcome{}); len(r.Redirects) != 1 || len(r.Targets) != 2 || !r.Auth.Mutual {
					t.Errorf("result %+v", r)
				}
			})
		})
	}
}
