package verbs

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// TestPace: blocks and ranges have limits of their own, unless the command line says
// otherwise, and lists have none.
func TestPace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, want string }{
		{"192.0.2.10 192.0.2.14", "connect_timeout=0s login_timeout=0s response_timeout=0s rate=0"},
		{"192.0.2.10-192.0.2.11", "connect_timeout=3s login_timeout=5s response_timeout=0s rate=2000"},
		{"192.0.2.14 192.0.2.24/31", "connect_timeout=3s login_timeout=5s response_timeout=0s rate=2000"},
		{"@blocks", "connect_timeout=3s login_timeout=5s response_timeout=0s rate=2000"},
		{"192.0.2.24/31 --rate 0", "connect_timeout=3s login_timeout=5s response_timeout=0s rate=0"},
		{"192.0.2.24/31 --connect-timeout 20s --login-timeout 1m --response-timeout 2s --rate 1000000", "connect_timeout=20s login_timeout=1m0s response_timeout=2s rate=1000000"},
		{"192.0.2.14 --connect-timeout 1ms --rate 7", "connect_timeout=1ms login_timeout=0s response_timeout=0s rate=7"},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := fleet(t)
			l.files["blocks"] = "192.0.2.14\n192.0.2.24/31\n"
			r := l.discover(t.Context(), append([]string{"scan", "-v"}, strings.Fields(tt.args)...)...)
			if !strings.Contains(r.stderr, "msg=pace ") || !strings.Contains(r.stderr, " "+tt.want+"\n") {
				t.Errorf("%s: got %s, want %s in it", tt.args, r.stderr, tt.want)
			}
		})
	}
}

// TestBadPace: limits out of range are wrong usage, and the range is named.
func TestBadPace(t *testing.T) {
	t.Parallel()
	const duration = "expected a time above zero, such as 500ms, 15 (seconds), 2m, 1h30m or 30d"
	const connecting, rate = "expected a number from 1 to 4096", "expected a number from 0 to 1000000"
	for _, verb := range []string{"scan 192.0.2.10", "portal add 192.0.2.10", "portal refresh", "target list --refresh"} {
		for _, tt := range []struct{ flag, value, want string }{
			{"connect-timeout", "0", duration}, {"connect-timeout", "3x", duration}, {"connect-timeout", "-1s", duration}, {"connect-timeout", "9999999h", duration},
			{"login-timeout", "0s", duration}, {"login-timeout", "five", duration},
			{"response-timeout", "0ms", duration}, {"response-timeout", "", duration},
			{"connecting", "0", connecting}, {"connecting", "4097", connecting}, {"connecting", "-1", connecting}, {"connecting", "1.5", connecting},
			{"rate", "-1", rate}, {"rate", "1000001", rate}, {"rate", "1e3", rate}, {"rate", "99999999999999999999", rate},
		} {
			l := newLab(t)
			args := append(strings.Fields(verb), "--registry", t.TempDir()+"/registry.db", "--"+tt.flag, tt.value)
			l.discover(t.Context(), args...).want(t, exit.Usage, "", fmt.Sprintf("discover: --%s %q: %s\n", tt.flag, tt.value, tt.want))
			if len(l.Dials()) > 0 {
				t.Errorf("%v: it was asked", args)
			}
		}
	}
}

// TestConnectingIsLowered: with -v it is said once where the limit of open files lowers
// how many connections are in progress, and only there.
func TestConnectingIsLowered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args  string
		files uint64
		want  string // empty: nothing is said
	}{
		{"192.0.2.24/31", 1024, "wanted=4096 at_once=512 open_files_allowed=1024"},
		{"192.0.2.24/31 --connecting 600", 1024, "wanted=600 at_once=512 open_files_allowed=1024"},
		{"192.0.2.24/31 --connecting 512", 1024, ""},
		{"192.0.2.24/31", 8192, ""},
		{"192.0.2.24/31", 0, ""},
		{"192.0.2.14", 1024, ""}, // one portal is asked without
		{"192.0.2.24/31 --parallel 1", 1024, ""},
		{"192.0.2.24/31 --parallel 1 --connecting 4096", 8191, "wanted=4096 at_once=4095 open_files_allowed=8191"},
	} {
		synctest.Test(t, func(t *testing.T) {
			for _, verbose := range []bool{true, false} {
				l := fleet(t)
				l.openFiles = tt.files
				r := l.discover(t.Context(), append([]string{"scan", fmt.Sprintf("-v=%t", verbose)}, strings.Fields(tt.args)...)...)
				want := 1
				if tt.want == "" || !verbose {
					want = 0
				}
				if got := strings.Count(r.stderr, "open_files_allowed"); got != want || want > 0 && !strings.Contains(r.stderr, tt.want) {
					t.Errorf("%s of %d files, -v=%t: said %d times, want %d: %s", tt.args, tt.files, verbose, got, want, r.stderr)
				}
			}
		})
	}
}
