package verbs

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A portal is added and asked; another one does not answer and stays.
func TestPortalAdd(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Portal("192.0.2.10:3260", twoTargets())
	registry := filepath.Join(t.TempDir(), "folder", "registry.db")
	discover := func(args ...string) ran {
		return l.discover(t.Context(), append(args, "--registry", registry)...)
	}
	discover("portal", "list").want(t, exit.OK, "", "discover: no portals in the registry "+registry+"; add one with discover portal add PORTAL\n")
	discover("portal", "add", "192.0.2.10", "--symbolic-name", "rack 1").want(t, exit.OK, `
192.0.2.10:3260: stored; 2 targets
  iqn.2026-11.com.example:disk1     192.0.2.10:3260,1
                                    [2001:db8::10]:3260,1
  iqn.2026-11.com.example:disk-two  192.0.2.10:3260
`[1:], "")
	discover("portal", "add", "192.0.2.11").want(t, exit.Failed, "", `
discover: connect to 192.0.2.11:3260: connection refused; nothing listens there: check the address and the TCP port
discover: 192.0.2.11:3260 (instance any, port all) is stored in the registry nevertheless; see discover portal list
`[1:])
	discover("portal", "add", "192.0.2.12", "--security-flags", "0x63").want(t, exit.Failed, "",
		"discover: portal 192.0.2.12:3260: security flags 0x63: transport and tunnel exclude each other: choose one\n")
	r := discover("portal", "list")
	if lines := strings.Split(r.stdout, "\n"); r.status != exit.OK || r.stderr != "" || len(lines) != 4 ||
		lines[0] != "PORTAL           NAME    INSTANCE  PORT  LAST RESULT" ||
		!strings.HasPrefix(lines[1], "192.0.2.10:3260  rack 1  any       all   20") || !strings.HasSuffix(lines[1], "Z 2 targets") ||
		!strings.HasPrefix(lines[2], "192.0.2.11:3260          any       all   20") || !strings.Contains(lines[2], "Z failed: connect to 192.0.2.11:3260: connection refused") {
		t.Errorf("got %+v", r)
	}
}

// All that an entry may have, as people and programs see it: secrets excepted.
func TestPortalList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.env["SECRET"], l.env["OTHER"] = "secret-of-host-1", "secret-of-target"
		l.files["/etc/discover/secret"] = "secret-of-host-1\n"
		discover := l.inRegistry(t)
		for _, line := range []string{
			"192.0.2.13 --security-flags 0x26",
			"192.0.2.14 --ipsec transport,pfs",
			"192.0.2.15 --chap-secret file:/etc/discover/secret --chap-algorithms sha256,md5 --chap-fallback=false --header-digest prefer-crc32c --data-digest crc32c",
			"192.0.2.16 --chap-user host1 --chap-secret env:SECRET --target-user array --target-secret env:OTHER --instance HOST --initiator-port 2",
			"192.0.2.17 --max-connections 4 --default-time2wait 0 --default-time2retain 60 --login-flags multipath --redirect none --initiator-name iqn.2026-11.com.example:me --bind-device",
			"Storage.Example:3261 --symbolic-name rack\x1b[2J",
		} {
			if r := discover(append([]string{"portal", "add"}, strings.Fields(line)...)...); r.status != exit.Failed || r.stdout != "" {
				t.Fatalf("%s: %+v", line, r)
			}
		}
		const refused = "connection refused; nothing listens there: check the address and the TCP port"
		discover("portal", "list").want(t, exit.OK, `
PORTAL                NAME         INSTANCE  PORT  LOGIN              IPSEC              LAST RESULT
192.0.2.13:3260                    any       all                      0x26               2000-01-01T00:00:00Z failed: connect to 192.0.2.13:3260: `[1:]+refused+`
192.0.2.14:3260                    any       all                      ike,transport,pfs  2000-01-01T00:00:00Z failed: secure 192.0.2.14:3260: IPsec: the portal must be asked under IPsec (IPsec, transport, main, with PFS: the portal's flags say ike,transport,pfs, and are valid; what exists already could not be seen), but nothing on this host can set it up
192.0.2.15:3260                    any       all   chap                                  2000-01-01T00:00:00Z failed: connect to 192.0.2.15:3260: `+refused+`
192.0.2.16:3260                    host      2     mutual-chap host1                     2000-01-01T00:00:00Z failed: connect to 192.0.2.16:3260 from 192.0.2.253: `+refused+`
192.0.2.17:3260                    any       all                                         2000-01-01T00:00:00Z failed: connect to 192.0.2.17:3260 from 192.0.2.254: `+refused+`
Storage.Example:3261  rack\x1b[2J  any       all                                         2000-01-01T00:00:00Z failed: resolve Storage.Example:3261: no such host
`, "")
		r := discover("portal", "list", "-o", "json")
		if !json.Valid([]byte(r.stdout)) {
			t.Errorf("got %s", r.stdout)
		}
		for _, want := range []string{
			`{"portal":"192.0.2.13:3260","instance":"","initiator_port":"all","symbolic_name":"","security_flags":"0x26","login_options":{},"added":"2000-01-01T00:00:00Z","last_result":{"time":"2000-01-01T00:00:00Z","status":"error","code":4026466307,"code_name":"ISDSC_CONNECTION_FAILED","stage":"connect","message":"connect to 192.0.2.13:3260: ` + refused + `","source":"","targets":0,"failing_since":"2000-01-01T00:00:00Z","failures":1}}`,
			`{"portal":"192.0.2.14:3260","instance":"","initiator_port":"all","symbolic_name":"","security_flags":"0x33","login_options":{},"added":`,
			`"code":4026466374,"code_name":"ISDSC_IPSEC_NOT_SUPPORTED_ON_OS","stage":"secure",`,
			`"login_options":{"auth_type":"chap","password":"set","password_ref":"file:/etc/discover/secret","chap_algorithms":["sha256","md5"],"chap_fallback":false,"header_digest":"prefer-crc32c","data_digest":"crc32c"}`,
			`"instance":"host","initiator_port":"2","symbolic_name":"","security_flags":"0x00","login_options":{"auth_type":"mutual-chap","username":"host1","password":"set","target_username":"array","target_password":"set"}`,
			`"login_options":{"initiator_name":"iqn.2026-11.com.example:me","max_connections":4,"default_time2wait":0,"default_time2retain":60,"login_flags":["multipath"],"redirect":"none","bind_device":true}`,
			`"symbolic_name":"rack\u001b[2J"`,
		} {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("got %s, want in it %s", r.stdout, want)
			}
		}
	})
}

// An entry that is there already is asked with its own options, and one that is
// asked without is said to be.
func TestPortalRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.env["SECRET"] = "secret-of-host-1"
		l.Portal("192.0.2.10:3260", &iscsitest.Target{User: "host1", Secret: "secret-of-host-1", Records: twoTargets().Records})
		discover := l.inRegistry(t)
		if r := discover("portal", "refresh"); r.status != exit.OK || !strings.HasSuffix(r.stderr, "registry.db; add one with discover portal add PORTAL\n") {
			t.Errorf("got %+v", r)
		}
		if r := discover("portal", "add", "--source", "192.0.2.253", "--chap-user", "host1", "--chap-secret", "env:SECRET", "192.0.2.10"); r.status != exit.OK {
			t.Fatal(r)
		}
		const two = "192.0.2.10:3260: 2 targets\n  CHAP with SHA3-256\n" +
			"  iqn.2026-11.com.example:disk1     192.0.2.10:3260,1\n                                    [2001:db8::10]:3260,1\n  iqn.2026-11.com.example:disk-two  192.0.2.10:3260\n"
		discover("portal", "refresh").want(t, exit.OK, two, "")
		discover("portal", "refresh", "--source", "192.0.2.253", "192.0.2.10").want(t, exit.OK, two, "")
		discover("portal", "refresh", "192.0.2.10").want(t, exit.Failed, "", `
discover: warning: 192.0.2.10:3260 (instance any, port all) is not in the registry and is asked without options; similar entries: 192.0.2.10:3260 (instance host, port 2)
discover: login to 192.0.2.10:3260 from 192.0.2.254: target refused: authentication failure (0x0201); the portal wants CHAP for discovery: give a CHAP name and secret (--chap-user, --chap-secret)
`[1:])
		discover("portal", "refresh", "--source", "192.0.2.99", "192.0.2.10").want(t, exit.Failed, "",
			"discover: portal 192.0.2.10:3260: source 192.0.2.99: no initiator port of instance host has this address; see discover port list\n")
		discover("portal", "refresh", "--dry-run", "192.0.2.10", "192.0.2.11").want(t, exit.OK, `
dry run: would have asked these
PORTAL           INSTANCE  PORT
192.0.2.10:3260  any       all
192.0.2.11:3260  any       all
`[1:], "")

		// The address has gone, and with it the port; its number is still known.
		l.addresses = slices.DeleteFunc(l.addresses, func(a ports.Address) bool { return a.Addr.String() == "192.0.2.253" })
		if r := discover("portal", "refresh"); r.status != exit.Failed || !strings.HasPrefix(r.stderr, "discover: select a port to 192.0.2.10:3260: initiator port 2 of instance host: ") {
			t.Errorf("got %+v, want a port that is gone", r)
		}
		discover("portal", "remove", "--source", "192.0.2.253", "192.0.2.10").want(t, exit.OK, "removed 192.0.2.10:3260 (instance host, port 2)\n", "")
	})
}

// Results are in the order of the arguments, and their number decides the exit
// status.
func TestPortalRefreshSeveral(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		var args, want []string
		for i := range 20 {
			host := "192.0.2." + strconv.Itoa(100+i)
			args = append(args, host)
			status := "ok"
			if i%3 == 0 {
				status = "error"
			} else {
				l.Portal(host+":3260", twoTargets())
			}
			want = append(want, host+":3260 "+status)
		}
		discover := l.inRegistry(t)
		for _, parallel := range []string{"1", "7", "64"} {
			r := discover(append([]string{"portal", "refresh", "-o", "json", "--parallel", parallel}, args...)...)
			var document struct {
				Results []struct{ Portal, Status string }
			}
			if err := json.Unmarshal([]byte(r.stdout), &document); err != nil || r.status != exit.Partly {
				t.Fatalf("%v: %+v", err, r)
			}
			var got []string
			for _, result := range document.Results {
				got = append(got, result.Portal+" "+result.Status)
			}
			if !slices.Equal(got, want) {
				t.Errorf("--parallel %s: got %v, want %v", parallel, got, want)
			}
		}
	})
}

// Whoever interrupts a refresh has a valid document.
func TestPortalRefreshCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		l.Portal("192.0.2.13:3260") // hangs
		registry := filepath.Join(t.TempDir(), "registry.db")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := l.discover(ctx, "portal", "refresh", "-o", "json", "--parallel", "1", "--registry", registry, "192.0.2.10", "192.0.2.13", "192.0.2.11")
		if !json.Valid([]byte(r.stdout)) || r.status != exit.Partly || strings.Count(r.stdout, `"code_name":"ERROR_CANCELLED"`) != 2 {
			t.Errorf("got %+v, want one result and two cancelled", r)
		}
	})
}

// TestPortalRefreshTwice: a portal that is named twice is asked once, and reported at both places.
func TestPortalRefreshTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets()) // one connection
		l.Portal("192.0.2.11:3260", twoTargets())
		r := l.inRegistry(t)("portal", "refresh", "-o", "json", "192.0.2.10", "192.0.2.11", "192.0.2.10:3260")
		d := parseDocument(t, r.stdout)
		if r.status != exit.OK || len(d.Results) != 3 || len(l.Dials()) != 2 {
			t.Fatalf("got exit status %d, %d results, %d dials; %s", r.status, len(d.Results), len(l.Dials()), r.stderr)
		}
		for i, want := range []string{"192.0.2.10:3260", "192.0.2.11:3260", "192.0.2.10:3260"} {
			if got := d.Results[i]; got.Portal != want || len(got.Targets) != 2 {
				t.Errorf("%d: got %s with %d targets, want %s with 2", i, got.Portal, len(got.Targets), want)
			}
		}
	})
}
