package verbs

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestWrongBlock: where nothing at all answers of a block, it is said once what to check:
// after five seconds, or at the end of a run that took less.
func TestWrongBlock(t *testing.T) {
	t.Parallel()
	const silent, tail = "10.0.0.1-10.0.0.254", "; if hosts should be there, check the route, the network or VLAN of the port that asks (--source, --initiator-port), the TCP port (--tcp-port) and the firewalls in between"
	for _, tt := range []struct {
		name   string
		args   string
		change func(l *lab)
		want   string // empty: nothing
	}{
		{"silent, slowly", "--timeout 8s", nil, "no address of " + silent + " has answered or refused within 5s" + tail + "; the scan goes on"},
		{"silent, quickly", "--timeout 2s", nil, "no address of " + silent + " has answered or refused" + tail},
		{"some without a route", "--timeout 2s", func(l *lab) { l.without(syscall.EHOSTUNREACH, "10.0.0.1", "10.0.0.2") }, "no address of " + silent + " has answered or refused" + tail},
		{"two blocks", "--timeout 2s 10.0.1.0/30", nil, "no address of the blocks and ranges has answered or refused" + tail},
		{"a portal beside it answers", "--timeout 8s 192.0.2.10", func(l *lab) { l.Portal("192.0.2.10:3260", &iscsitest.Target{}) }, "no address of " + silent + " has answered or refused within 5s" + tail + "; the scan goes on"},
		{"one refuses", "--timeout 8s", func(l *lab) { l.without(syscall.ECONNREFUSED, "10.0.0.77") }, ""},
		{"one answers", "--timeout 8s", func(l *lab) { l.Portal("10.0.0.200:3260", &iscsitest.Target{}) }, ""},
		{"cancelled", "--timeout 8s cancel", nil, ""},
	} {
		for _, format := range render.Formats {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				for i := range 254 {
					l.Portal(fmt.Sprintf("10.0.0.%d:3260", i+1))
				}
				for i := range 2 {
					l.Portal(fmt.Sprintf("10.0.1.%d:3260", i+1))
				}
				if tt.change != nil {
					tt.change(l)
				}
				ctx := t.Context()
				args, cancelled := strings.CutSuffix(tt.args, " cancel")
				if cancelled {
					short, cancel := context.WithTimeout(ctx, time.Second)
					defer cancel()
					ctx = short
				}
				r := l.discover(ctx, strings.Fields("scan --connect-timeout 1m --rate 0 --parallel 512 -o "+format+" "+silent+" "+args)...)
				if got := strings.Count(r.stderr, "check the route, the network"); tt.want == "" && got > 0 || tt.want != "" && (got != 1 || !strings.Contains(r.stderr, "discover: "+tt.want+"\n")) {
					t.Errorf("%s, -o %s: got %s, want %q", tt.name, format, r.stderr, tt.want)
				}
			})
		}
	}
}

// TestFewAddresses: nobody wonders where of a few addresses none is in use.
func TestFewAddresses(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]bool{"10.0.0.0/27": false, "10.0.0.0/26": true, "10.0.0.0/28 10.0.0.16/28": false, "10.0.0.0/27 10.0.0.32/27": true, "10.0.0.0/28 " + strings.Repeat("10.0.0.20 ", 32): false} {
		synctest.Test(t, func(t *testing.T) {
			l := newLab(t)
			for i := range 64 {
				l.Portal(fmt.Sprintf("10.0.0.%d:3260", i))
			}
			r := l.discover(t.Context(), strings.Fields("scan --timeout 10s "+args)...)
			if got := strings.Contains(r.stderr, "check the route, the network"); got != want {
				t.Errorf("%s: said %t, want %t: %s", args, got, want, r.stderr)
			}
		})
	}
}
