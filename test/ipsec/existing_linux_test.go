package ipsec_test

import (
	"net/netip"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/test/ipsec/job"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/xfrm"
)

// TestExisting: what we say of policies, and what the kernel then does with a
// connection in clear text.
func TestExisting(t *testing.T) {
	t.Parallel()
	everywhere := netip.MustParsePrefix("0.0.0.0/0")
	elsewhere := netip.MustParsePrefix("192.0.2.0/24")
	port := func(w *world) uint16 { return w.portal.Port() }
	tests := []struct {
		name   string
		rules  func(w *world) []rule
		v6     bool
		want   ipsec.ExistingKind
		flags  ipsec.Flags
		leaves bool // a SYN in clear text does
	}{
		{name: "nothing", leaves: true, want: ipsec.ExistingNone, rules: func(*world) []rule { return nil }},
		{name: "pass", leaves: true, want: ipsec.ExistingNone, rules: func(*world) []rule { return []rule{{dir: out}, {dir: in}} }},
		{name: "transport", want: ipsec.ExistingProtection, flags: 0x21, rules: func(*world) []rule {
			return []rule{{dir: out, tmpl: "transport"}, {dir: in, tmpl: "transport"}}
		}},
		{name: "tunnel", want: ipsec.ExistingProtection, flags: 0x41, rules: func(*world) []rule {
			return []rule{{dir: out, tmpl: "tunnel"}, {dir: in, tmpl: "tunnel"}}
		}},
		{name: "transport, IPv6", v6: true, want: ipsec.ExistingProtection, flags: 0x21, rules: func(*world) []rule {
			return []rule{{dir: out, tmpl: "transport"}, {dir: in, tmpl: "transport"}}
		}},
		{name: "one mode out, the other in", want: ipsec.ExistingProtection, rules: func(*world) []rule {
			return []rule{{dir: out, tmpl: "tunnel"}, {dir: in, tmpl: "transport"}}
		}},
		{name: "this port", want: ipsec.ExistingProtection, flags: 0x21, rules: func(w *world) []rule {
			return []rule{{dir: out, port: port(w), tmpl: "transport"}, {dir: in, port: port(w), tmpl: "transport"}}
		}},
		{name: "another port", leaves: true, want: ipsec.ExistingNone, rules: func(*world) []rule {
			return []rule{{dir: out, port: 1, tmpl: "transport"}, {dir: in, port: 1, tmpl: "transport"}}
		}},
		{name: "all hosts", want: ipsec.ExistingProtection, flags: 0x21, rules: func(*world) []rule {
			return []rule{{dir: out, far: everywhere, tmpl: "transport"}, {dir: in, far: everywhere, tmpl: "transport"}}
		}},
		{name: "other hosts", leaves: true, want: ipsec.ExistingNone, rules: func(*world) []rule {
			return []rule{{dir: out, far: elsewhere, tmpl: "transport"}, {dir: in, far: elsewhere, tmpl: "transport"}}
		}},
		{name: "out only", want: ipsec.ExistingPartial, rules: func(*world) []rule { return []rule{{dir: out, tmpl: "transport"}} }},
		{name: "in only", leaves: true, want: ipsec.ExistingPartial, rules: func(*world) []rule { return []rule{{dir: in, tmpl: "transport"}} }},
		{name: "optional", leaves: true, want: ipsec.ExistingPartial, rules: func(*world) []rule {
			return []rule{{dir: out, tmpl: "optional"}, {dir: in, tmpl: "optional"}}
		}},
		{name: "not encrypted", want: ipsec.ExistingPartial, rules: func(*world) []rule {
			return []rule{{dir: out, tmpl: "ah"}, {dir: in, tmpl: "ah"}}
		}},
		{name: "blocked", want: ipsec.ExistingProtection, rules: func(*world) []rule { return []rule{{dir: out, block: true}} }},
		{name: "blocked on the way back", leaves: true, want: ipsec.ExistingPartial, rules: func(*world) []rule { return []rule{{dir: in, block: true}} }},
		{name: "an exception goes first", leaves: true, want: ipsec.ExistingNone, rules: func(w *world) []rule {
			return []rule{
				{dir: out, priority: 1, port: port(w)}, {dir: in, priority: 1, port: port(w)},
				{dir: out, priority: 2, tmpl: "transport"}, {dir: in, priority: 2, tmpl: "transport"},
			}
		}},
		{name: "an exception that comes too late", want: ipsec.ExistingProtection, flags: 0x21, rules: func(w *world) []rule {
			return []rule{
				{dir: out, priority: 3, port: port(w)}, {dir: in, priority: 3, port: port(w)},
				{dir: out, priority: 2, tmpl: "transport"}, {dir: in, priority: 2, tmpl: "transport"},
			}
		}},
		{name: "an exception for a port of ours", want: ipsec.ExistingPartial, rules: func(*world) []rule {
			return []rule{
				{dir: out, priority: 1, ownPort: 1}, {dir: in, priority: 1, ownPort: 1},
				{dir: out, priority: 2, tmpl: "transport"}, {dir: in, priority: 2, tmpl: "transport"},
			}
		}},
		{name: "a mark", leaves: true, want: ipsec.ExistingPartial, rules: func(*world) []rule {
			return []rule{{dir: out, mark: 7, tmpl: "transport"}, {dir: in, mark: 7, tmpl: "transport"}}
		}},
		{name: "by this cable", want: ipsec.ExistingPartial, rules: func(*world) []rule {
			return []rule{{dir: out, device: true, tmpl: "transport"}, {dir: in, device: true, tmpl: "transport"}}
		}},
		{name: "blocked but for an exception that seals", want: ipsec.ExistingProtection, flags: 0x21, rules: func(w *world) []rule {
			return []rule{
				{dir: out, priority: 1, port: port(w), tmpl: "transport"}, {dir: in, priority: 1, port: port(w), tmpl: "transport"},
				{dir: out, priority: 2, block: true}, {dir: in, priority: 2, block: true},
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tt.v6)
			addPolicies(t, w, tt.rules(w)...)
			got, err := xfrm.Existing(t.Context(), w.source, w.portal)
			if err != nil {
				t.Fatal(err)
			}
			if got.Kind != tt.want || got.Flags != tt.flags || (got.Name == "") != (tt.want == ipsec.ExistingNone) {
				t.Errorf("got %s %q, flags %s; want %s, flags %s", got.Kind, got.Name, got.Flags.Hex(), tt.want, tt.flags.Hex())
			}
			tap := w.tap(t)
			_ = w.plain(t, time.Second) // in which a SYN leaves also where the machine is busy
			if leaves := tap.leaves(t); leaves != tt.leaves {
				t.Errorf("a connection in clear text leaves: got %t, want %t", leaves, tt.leaves)
			}
		})
	}
}

// TestExistingWithoutPermission: who may not look does not know, and who may not
// hold does not send.
func TestExistingWithoutPermission(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	addPolicies(t, w, rule{dir: out, tmpl: "transport"}, rule{dir: in, tmpl: "transport"})
	tap := w.tap(t)
	// The file may be where the child's user cannot go.
	cmd := exec.Command("/proc/self/exe")
	j := job.Job{Do: job.Hold, Source: w.source, Portal: w.portal}
	cmd.Env = []string{j.Env()}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := job.ReadReport(t, string(text))
	if got.Existing != ipsec.ExistingUnknown.String() || !strings.Contains(got.Found, "CAP_NET_ADMIN") {
		t.Errorf("what exists: got %+v, want unknown for want of CAP_NET_ADMIN", got)
	}
	if !got.NotHeld || !strings.Contains(got.Error, "CAP_NET_ADMIN") {
		t.Errorf("a held connection: got %q, want a HoldError that names CAP_NET_ADMIN", got.Error)
	}
	tap.wantSilence(t)
}
