package verbs

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// mixed is a network in which 10.0.0.1 to 10.0.0.16 are one of each kind.
func mixed(t *testing.T) *lab {
	l := newLab(t)
	says := func(text string) iscsitest.Script {
		return iscsitest.Script{iscsitest.Expect(&pdu.LoginRequest{Transit: true, CSG: 1, NSG: 3}), iscsitest.UntilGone(iscsitest.SendRaw([]byte(text))), iscsitest.Silence()}
	}
	l.Portal("10.0.0.1:3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:open"}}})
	l.Portal("10.0.0.2:3260", &iscsitest.Target{Status: pdu.StatusAuthFailure})
	l.Portal("10.0.0.3:3260", &iscsitest.Target{Status: pdu.StatusNotFound})
	l.Portal("10.0.0.4:3260", says("HTTP/1.1 400 Bad Request\r\n\r\n"))
	l.Portal("10.0.0.5:3260", says("HTTP/1.0 400 Bad Request\r\n\r\n"))
	l.Portal("10.0.0.6:3260", says("\x15\x03\x01\x00\x02\x02\x46"))
	l.Portal("10.0.0.7:3260", iscsitest.Script{iscsitest.Silence()})
	l.Portal("10.0.0.8:3260", iscsitest.Script{iscsitest.Expect(&pdu.LoginRequest{Transit: true, CSG: 1, NSG: 3}), iscsitest.Close()})
	l.Portal("10.0.0.9:3260") // silent
	l.Portal("10.0.0.10:3260", breaksOff())
	return l
}

// without has dials to some addresses fail.
func (l *lab) without(errno syscall.Errno, to ...string) {
	l.way = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
		if slices.Contains(to, dst.Addr().String()) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(dst), Err: errno}
		}
		return l.Dial(ctx, source, dst)
	}
}

const mixedSummary = ": 1 of 16 addresses answered, 3 failed in iSCSI (authentication failure: 1, no complete list: 1, not found: 1), " +
	"5 not iSCSI (an HTTP server: 2, a TLS server: 1, closed the connection: 1, no answer to the login: 1), 4 refused the connection, 2 unreachable (no route to host: 2), 1 silent\n"

// TestSummary: the end of a block says what is there, by groups.
func TestSummary(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := mixed(t)
		l.without(syscall.EHOSTUNREACH, "10.0.0.11", "10.0.0.12")
		r := l.discover(t.Context(), "scan", "-o", "iscsiadm", "10.0.0.1-10.0.0.16")
		if !strings.HasSuffix(r.stderr, "discover: 10.0.0.1-10.0.0.16"+mixedSummary) || r.status != exit.Partly {
			t.Errorf("exit status %d; got\n%s\nwant at the end\n%s", r.status, r.stderr, mixedSummary)
		}
	})
}

// TestOpen: --open lists what speaks iSCSI, in each output, whether it answered or not;
// the rest is summed up, and the exit status is as without it.
func TestOpen(t *testing.T) {
	t.Parallel()
	var list []string
	for _, n := range strings.Fields("16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1") {
		list = append(list, "10.0.0."+n)
	}
	speak := []string{"10.0.0.1", "10.0.0.10", "10.0.0.2", "10.0.0.3"}
	const blockJSON = `"addresses":16,"answered":1,"failed":8,"silent":7,"interrupted":0,"not_asked":0,` +
		`"silent_why":{"connection refused":4,"no answer in time":1,"no route to host":2},` +
		`"iscsi_failed_why":{"authentication failure":1,"no complete list":1,"not found":1},` +
		`"not_iscsi_why":{"a TLS server":1,"an HTTP server":2,"closed the connection":1,"no answer to the login":1}}`
	for _, as := range []struct {
		args            []string
		summary, object string
	}{
		{[]string{"10.0.0.1-10.0.0.16"}, "discover: 10.0.0.1-10.0.0.16" + mixedSummary, `"block":"10.0.0.1-10.0.0.16",` + blockJSON},
		{list, "discover: portals given one by one" + strings.Replace(mixedSummary, "16 addresses", "16", 1), `"block":"",` + blockJSON},
	} {
		for _, format := range render.Formats {
			synctest.Test(t, func(t *testing.T) {
				l := mixed(t)
				l.without(syscall.EHOSTUNREACH, "10.0.0.11", "10.0.0.12")
				r := l.discover(t.Context(), append([]string{"scan", "--open", "-o", format}, as.args...)...)
				l = mixed(t)
				l.without(syscall.EHOSTUNREACH, "10.0.0.11", "10.0.0.12")
				if without := l.discover(t.Context(), append([]string{"scan", "-o", format}, as.args...)...); without.status != r.status {
					t.Errorf("-o %s: exit status %d, without --open %d", format, r.status, without.status)
				}
				if !strings.Contains(r.stdout, "iqn.2026-11.com.example:open") {
					t.Errorf("-o %s: what answered is not listed: %s", format, r.stdout)
				}
				var got []string
				if format == render.FormatJSON || format == render.FormatJSONL {
					got, _, _ = portalsOf(t, format, r.stdout)
					if !strings.Contains(r.stdout, as.object) {
						t.Errorf("-o %s: got %s, want %s in it", format, r.stdout, as.object)
					}
				} else {
					if !strings.HasSuffix(r.stderr, as.summary) {
						t.Errorf("-o %s: got\n%s\nwant at the end\n%s", format, r.stderr, as.summary)
					}
					for _, a := range list {
						if strings.Contains(r.stdout+strings.TrimSuffix(r.stderr, as.summary), a+":3260") {
							got = append(got, a)
						}
					}
				}
				if got = slices.Sorted(slices.Values(got)); !slices.Equal(got, speak) {
					t.Errorf("-o %s: %s", format, cmp.Diff(speak, got))
				}
			})
		}
	}
}

// TestOpenCancelled: what was not asked is not listed with --open, and is summed up.
func TestOpenCancelled(t *testing.T) {
	t.Parallel()
	for _, format := range render.Formats {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 1e9)
			defer cancel()
			r := mixed(t).discover(ctx, "scan", "--open", "--parallel", "1", "-o", format, "10.0.0.1", "10.0.0.9", "10.0.0.2", "10.0.0.3/32")
			if strings.Contains(r.stdout, "CANCELLED") || r.status != exit.Partly {
				t.Errorf("-o %s: %+v", format, r)
			}
			for _, want := range []string{
				`portals given one by one: 1 of 3 answered, 1 without a result when interrupted, 1 not asked|"block":"","addresses":3,"answered":1,"failed":0,"silent":0,"interrupted":1,"not_asked":1,`,
				`10.0.0.3/32: 0 of 1 address answered, 1 not asked|"block":"10.0.0.3/32","addresses":1,"answered":0,"failed":0,"silent":0,"interrupted":0,"not_asked":1,`,
			} {
				people, programs, _ := strings.Cut(want, "|")
				if !strings.Contains(r.stderr, people) && !strings.Contains(r.stdout, programs) {
					t.Errorf("-o %s: got %s%s, want %s", format, r.stdout, r.stderr, want)
				}
			}
		})
	}
}

// TestOpenOrAll: one flag takes away what the other adds.
func TestOpenOrAll(t *testing.T) {
	t.Parallel()
	newLab(t).discover(t.Context(), "scan", "--open", "--all", "10.0.0.0/24").want(t, exit.Usage, "",
		"discover: --all and --open exclude each other: --all also lists silent addresses, and --open only portals that speak iSCSI\n")
	for _, verb := range []string{"portal add 192.0.2.10", "portal refresh", "target list --refresh"} {
		r := newLab(t).discover(t.Context(), append(strings.Fields(verb), "--open")...)
		if r.status != exit.Usage || !strings.HasPrefix(r.stderr, "discover: unknown flag --open") {
			t.Errorf("%s: got %+v", verb, r)
		}
	}
}
