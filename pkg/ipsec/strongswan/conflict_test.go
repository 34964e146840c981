package strongswan

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// TestConflict: where the host's own connection has the same ends, ours is
// refused, and charon is given nothing.
func TestConflict(t *testing.T) {
	t.Parallel()
	psk := func(name, id string) vici.Element {
		return vici.Sub(name, vici.Text("class", "pre-shared key"), vici.Text("id", id))
	}
	for _, tt := range []struct {
		name string
		conn vici.Section
		want bool

		unresolved string // the name in the error
	}{
		{name: "the same", want: true, conn: vici.Section{vici.List("local_addrs", "192.0.2.1"), vici.List("remote_addrs", "192.0.2.10"), psk("local-1", "192.0.2.1"), psk("remote-1", "192.0.2.10")}},
		{name: "any local address", want: true, conn: vici.Section{vici.List("local_addrs", "%any"), vici.List("remote_addrs", "192.0.2.0/24"), psk("local-1", "%any"), psk("remote-1", "%any")}},
		{name: "no local address", want: true, conn: vici.Section{vici.List("remote_addrs", "192.0.2.1-192.0.2.20"), psk("local-1", ""), psk("remote-1", "")}},
		{name: "identities", want: true, conn: vici.Section{vici.List("local_addrs", "%any"), vici.List("remote_addrs", "gw.example.com"), psk("local-1", "192.0.2.1"), psk("remote-1", "192.0.2.10")}},
		{name: "another peer", conn: vici.Section{vici.List("local_addrs", "%any"), vici.List("remote_addrs", "192.0.2.11"), psk("local-1", "192.0.2.1"), psk("remote-1", "192.0.2.11")}},
		{name: "another local address", conn: vici.Section{vici.List("local_addrs", "192.0.2.2"), vici.List("remote_addrs", "192.0.2.10"), psk("local-1", "192.0.2.2"), psk("remote-1", "192.0.2.10")}},
		{name: "for whomever", conn: vici.Section{vici.List("local_addrs", "%any"), vici.List("remote_addrs", "%any", "0.0.0.0/0"), psk("local-1", "vpn"), psk("remote-1", "%any")}},
		{name: "certificates", conn: vici.Section{vici.List("local_addrs", "192.0.2.1"), vici.List("remote_addrs", "192.0.2.10"), vici.Sub("local-1", vici.Text("class", "public key")), vici.Sub("remote-1", vici.Text("class", "public key"))}},
		// Issue 13, 46: charon tells the names that the host's administrator wrote.
		{name: "by name", want: true, conn: vici.Section{vici.List("local_addrs", "%any"), vici.List("remote_addrs", "array.example.com"), psk("local-1", ""), psk("remote-1", "")}},
		{name: "one of several names", want: true, conn: vici.Section{vici.List("local_addrs", "192.0.2.1"), vici.List("remote_addrs", "192.0.2.99", "other.example.com", "%array.example.com"), psk("local-1", ""), psk("remote-1", "")}},
		{name: "this host by name", want: true, conn: vici.Section{vici.List("local_addrs", "host.example.com"), vici.List("remote_addrs", "192.0.2.10"), psk("local-1", ""), psk("remote-1", "")}},
		{name: "another peer by name", conn: vici.Section{vici.List("local_addrs", "192.0.2.1"), vici.List("remote_addrs", "other.example.com"), psk("local-1", ""), psk("remote-1", "")}},
		{name: "another local address by name", conn: vici.Section{vici.List("local_addrs", "other.example.com"), vici.List("remote_addrs", "192.0.2.10"), psk("local-1", ""), psk("remote-1", "")}},
		{name: "a name that cannot be looked up", want: true, unresolved: "gone.example.com", conn: vici.Section{vici.List("local_addrs", "192.0.2.1"), vici.List("remote_addrs", "gone.example.com"), psk("local-1", ""), psk("remote-1", "")}},
		{name: "of this host a name that cannot be looked up", want: true, unresolved: "gone.example.com", conn: vici.Section{vici.List("local_addrs", "gone.example.com"), vici.List("remote_addrs", "192.0.2.10"), psk("local-1", ""), psk("remote-1", "")}},
		{name: "a name that cannot be looked up, from another address", conn: vici.Section{vici.List("local_addrs", "192.0.2.2"), vici.List("remote_addrs", "gone.example.com"), psk("local-1", ""), psk("remote-1", "")}},
		{name: "of this host a name that cannot be looked up, to another peer", conn: vici.Section{vici.List("local_addrs", "gone.example.com"), vici.List("remote_addrs", "192.0.2.11"), psk("local-1", ""), psk("remote-1", "")}},
		{name: "a name that cannot be looked up, and certificates", conn: vici.Section{vici.List("remote_addrs", "gone.example.com"), vici.Sub("local-1", vici.Text("class", "public key")), vici.Sub("remote-1", vici.Text("class", "public key"))}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newCharon(t, func(c *charon) { c.foreign = vici.Section{vici.Sub("backup", tt.conn...)} })
			e, _ := newEnforcer(t, c)
			e.names.lookup = lookupExample
			d, err := e.Dialer(t.Context(), secured(t, 0))
			if err == nil {
				d.Close()
			}
			var conflict *ConflictError
			if got := errors.As(err, &conflict); got != tt.want || err != nil && !got {
				t.Fatalf("got %v, want a conflict: %v", err, tt.want)
			}
			if tt.want {
				if conflict.Unresolved != tt.unresolved || !strings.Contains(err.Error(), tt.unresolved) {
					t.Errorf("got %v, which names %q, want %q", err, conflict.Unresolved, tt.unresolved)
				}
				wantType(t, err, failedToConfigure)
				if c.took("load-shared")+c.took("load-conn") > 0 {
					t.Error("charon was given something")
				}
			}
		})
	}
}

// TestConflictOfIdentities (issue 13, 42): charon compares names in any case, and lists
// them as the administrator wrote them; so the comparison here takes any case as well.
func TestConflictOfIdentities(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ours, theirs string
		want         bool
	}{
		{"array.example.com", "Array.Example.COM", true},
		{"Array.example.com.", "array.example.com", true},
		{"admin@example.com", "Admin@Example.com", true},
		{"array.example.com", "other.example.com", false},
	} {
		c := newCharon(t, func(c *charon) {
			c.foreign = vici.Section{vici.Sub("backup", vici.List("local_addrs", "%any"), vici.List("remote_addrs", "%any"),
				vici.Sub("local-1", vici.Text("class", "pre-shared key"), vici.Text("id", "192.0.2.1")),
				vici.Sub("remote-1", vici.Text("class", "pre-shared key"), vici.Text("id", tt.theirs)))}
		})
		e, _ := newEnforcer(t, c)
		s := secured(t, 0)
		s.PSK.Remote = tt.ours
		d, err := e.Dialer(t.Context(), s)
		if err == nil {
			d.Close()
		}
		var conflict *ConflictError
		if got := errors.As(err, &conflict); got != tt.want {
			t.Errorf("%s and %s: got %v", tt.ours, tt.theirs, err)
		}
	}
}

// lookupExample knows the names of the tests.
func lookupExample(_ context.Context, host string) ([]netip.Addr, error) {
	addr, ok := map[string]string{"array.example.com": "::ffff:192.0.2.10", "other.example.com": "192.0.2.77", "host.example.com": "192.0.2.1"}[host]
	if !ok {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return []netip.Addr{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr(addr)}, nil
}

// TestHostName: what in a list of addresses is a name.
func TestHostName(t *testing.T) {
	t.Parallel()
	var names []string
	for _, s := range []string{
		"", "%any", "%any6", "192.0.2.1", "192.0.2.0/24", "192.0.2.1-192.0.2.9", "2001:db8::1", "fe80::1%eth0", "2001:db8::/32",
		"gw.example.com", "%gw2.example.com", "a-b", "192.0.2.1-b", "192.0.2.300", "host",
	} {
		if name, ok := hostName(s); ok {
			names = append(names, name)
		}
	}
	want := []string{"gw.example.com", "gw2.example.com", "a-b", "192.0.2.1-b", "192.0.2.300", "host"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

// TestNamesOnce: a name is looked up once for all that ask, and where it could not
// be, that is kept, too.
func TestNamesOnce(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	n := names{lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
		asked.Add(1)
		return lookupExample(ctx, host)
	}}
	list := []string{"array.example.com", "192.0.2.5", "gone.example.com", "array.example.com"}
	for range 3 {
		got := n.resolve(t.Context(), list)
		if want := []string{"2001:db8::1", "192.0.2.10", "192.0.2.5", "2001:db8::1", "192.0.2.10"}; !slices.Equal(got.list, want) || got.unresolved != "gone.example.com" || got.err == nil {
			t.Errorf("got %+v, want %v and gone.example.com", got, want)
		}
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("%d names were looked up, want 2", n)
	}
	for i := range 2 * maxNames {
		_ = n.resolve(t.Context(), []string{"h" + strings.Repeat("x", i%maxNames+1)})
	}
	if len(n.known) > maxNames {
		t.Errorf("%d names are kept, want %d at most", len(n.known), maxNames)
	}
}
