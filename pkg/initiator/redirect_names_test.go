package initiator_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestRedirectNames: names are resolved only where that is allowed, for all portals
// or for the one, and each address that is found is held against the rules.
func TestRedirectNames(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		found  []string
		err    error  // of the name server
		source string // that the portal is asked from; empty: any
		to     string // Where it leads; empty: nowhere
		want   scene.Outcome
	}{
		{name: "a host", found: []string{"192.0.2.2"}, to: "192.0.2.2"},
		{name: "the first of several", found: []string{"192.0.2.2", "192.0.2.3", "127.0.0.1"}, to: "192.0.2.2"},
		{name: "the first that is allowed", found: []string{"127.0.0.1", "::1", "169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1", "192.0.2.1", "192.0.2.3"}, to: "192.0.2.3"},
		{name: "of both families", found: []string{"2001:db8::2", "192.0.2.2"}, to: "2001:db8::2"},
		{name: "of the family of the source", found: []string{"2001:db8::2", "192.0.2.2"}, source: "192.0.2.254", to: "192.0.2.2"},
		{name: "none of the family of the source", found: []string{"2001:db8::2"}, source: "192.0.2.254", want: notFollowed("it leads to 2001:db8::2, which is not in the address family of 192.0.2.254")},
		{name: "this host", found: []string{"127.0.0.1"}, want: notFollowed("it leads to this host itself")},
		{name: "this host, mapped", found: []string{"::ffff:127.0.0.1"}, want: notFollowed("it leads to this host itself")},
		{name: "the link", found: []string{"169.254.169.254"}, want: notFollowed("it leads to a link-local address")},
		{name: "the link by a zone of the name server", found: []string{"fe80::2%eth0"}, want: notFollowed("it leads to a link-local address")},
		{name: "a group", found: []string{"224.0.0.1"}, want: notFollowed("not the address of a host")},
		{name: "back", found: []string{"192.0.2.1"}, want: notFollowed("it leads back to an address that was asked before")},
		{name: "nothing", want: notFollowed("the host name was not found")},
		{name: "no such name", err: &net.DNSError{Err: "no such host", IsNotFound: true}, want: notFollowed("the host name was not found")},
		{name: "a name server that fails", err: &net.DNSError{Err: "server misbehaving"}, want: notFollowed("the host name was not found: server misbehaving")},
	}
	for _, tt := range tests {
		for _, all := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, for all portals %t", tt.name, all), func(t *testing.T) {
				t.Parallel()
				scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
					d.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
						if host != "array.example" {
							t.Errorf("looked up %q", host)
						}
						if tt.err != nil {
							return nil, tt.err
						}
						return scene.Lookup(tt.found...)(t.Context(), host)
					}
					p := scene.Portal(n, scene.Where, scene.Sends("array.example:3260"))
					d.ResolveRedirects, p.Login.RedirectNames = all, !all
					if tt.source != "" {
						p.Source = netip.MustParseAddr(tt.source)
					}
					for _, addr := range []string{"192.0.2.2:3260", "192.0.2.3:3260", "[2001:db8::2]:3260"} {
						n.Portal(addr, &iscsitest.Target{})
					}
					r, _ := discover(t, d, p)
					scene.Judge(t, r.Err, tt.want)
					if got := r.Address.Addr().String(); tt.to != "" && (got != tt.to || len(n.Dials()) != 2) {
						t.Errorf("asked %s, want %s; dials %v", got, tt.to, n.Dials())
					}
					if tt.to == "" && len(n.Dials()) != 1 {
						t.Errorf("dials %v", n.Dials())
					}
				})
			})
		}
	}
}

// TestRedirectNamesOfOne: the portal that may send us to names is the only one.
func TestRedirectNamesOfOne(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		lookups := 0
		d.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			lookups++
			return scene.Lookup("192.0.2.2")(ctx, host)
		}
		n.Portal("192.0.2.2:3260", &iscsitest.Target{})
		may, mayNot := scene.Portal(n, scene.Where, scene.Sends("array.example")), scene.Portal(n, "192.0.2.3:3260", scene.Sends("array.example"))
		may.Login.RedirectNames = true
		results := slices.Collect(d.DiscoverAll(t.Context(), slices.Values([]initiator.SendTargetPortal{may, mayNot})))
		scene.Judge(t, results[0].Err, scene.Outcome{})
		scene.Judge(t, results[1].Err, notFollowed("looked up only with --redirect-names (login.Options.RedirectNames)"))
		if lookups != 1 {
			t.Errorf("%d lookups, want 1", lookups)
		}
		for _, w := range results[0].Redirects {
			if w.To != netip.MustParseAddrPort("192.0.2.2:3260") {
				t.Errorf("hop %v", w)
			}
		}
	})
}

// TestRedirectNamesLink: a link-local address of a name is on the link of the
// Portal, whatever zone the name server gives it.
func TestRedirectNamesLink(t *testing.T) {
	t.Parallel()
	for _, found := range []string{"fe80::2", "fe80::2%lo"} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			d.ResolveRedirects, d.Lookup = true, scene.Lookup(found)
			p := scene.Portal(n, "[fe80::1%eth0]:3260", scene.Sends("array.example"))
			n.Portal("[fe80::2%eth0]:3260", &iscsitest.Target{})
			r, _ := discover(t, d, p)
			scene.Judge(t, r.Err, scene.Outcome{})
		})
	}
}

// TestRedirectNamesCredentials: what a name leads to is another host, unless it is
// the same address.
func TestRedirectNamesCredentials(t *testing.T) {
	t.Parallel()
	for to, method := range map[string]string{"192.0.2.1:3261": "CHAP", "192.0.2.2:3261": "None"} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			addr := netip.MustParseAddrPort(to)
			d.Lookup = scene.Lookup(addr.Addr().String())
			p := scene.WithCHAP(scene.Portal(n, scene.Where, scene.Sends("array.example:3261")), scene.CHAPUser, scene.CHAPSecret)
			p.Login.RedirectNames = true
			second := &iscsitest.Target{}
			if method != "None" {
				second.User, second.Secret = scene.CHAPUser, scene.CHAPSecret
			}
			n.Portal(to, second)
			r, _ := discover(t, d, p)
			scene.Judge(t, r.Err, scene.Outcome{})
			if r.Auth.Method != method || scene.Warned(r, initiator.WarnNoCredentials) != strings.Count(to, "0.2.2") {
				t.Errorf("%s: %+v, warnings %v", to, r.Auth, r.Warnings)
			}
		})
	}
}

// TestRedirectNamesTime: a name server that is silent ends with the portal's time,
// and with the caller's patience.
func TestRedirectNamesTime(t *testing.T) {
	t.Parallel()
	silent := func(ctx context.Context, _ string) ([]netip.Addr, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.ResolveRedirects, d.Lookup = true, silent
		r, took := discover(t, d, scene.Portal(n, scene.Where, scene.Sends("array.example")))
		scene.Judge(t, r.Err, notFollowed("the host name was not found: no answer within 10s"))
		if took != d.Timeout {
			t.Errorf("it took %s", took)
		}
	})
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.ResolveRedirects, d.Lookup = true, silent
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := d.Discover(ctx, scene.Portal(n, scene.Where, scene.Sends("array.example")))
		scene.Judge(t, err, scene.Outcome{Stage: initiator.StageLogin, Code: isdsc.Win32Cancelled})
	})
}
