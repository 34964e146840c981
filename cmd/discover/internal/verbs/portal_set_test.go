package verbs

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestPortalSet (issue 19, 3): single options are changed, and the others stay, a sealed secret
// with them.
func TestPortalSet(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env["SECRET"], l.env["NEW"] = "secret-of-host-1", "new-secret-of-host-1"
	portal := &iscsitest.Target{User: "host1", Secret: "secret-of-host-1", Records: twoTargets().Records}
	l.Portal("192.0.2.10:3260", portal)
	discover := l.inRegistry(t)
	set := func(args string) ran { return discover(strings.Fields("portal set 192.0.2.10 " + args)...) }
	options := func(want string) {
		t.Helper()
		if r := discover("portal", "list", "-o", "json"); !strings.Contains(r.stdout, want) || strings.Contains(r.stdout, "secret-of") {
			t.Errorf("got %s, want in it %s", r.stdout, want)
		}
	}
	set("--symbolic-name a").want(t, exit.Failed, "", "discover: portal 192.0.2.10:3260: instance any, port all: it is not in the registry\n")
	if r := discover("portal", "add", "192.0.2.10", "--chap-user", "host1", "--chap-secret", "env:SECRET", "--max-connections", "4"); r.status != exit.OK {
		t.Fatal(r)
	}
	set("--header-digest prefer-crc32c --symbolic-name rack1 --dry-run").want(t, exit.OK, `
dry run: would have changed 192.0.2.10:3260 (instance any, port all), and asked the portal
OPTION         BEFORE   AFTER
symbolic-name  default  rack1
header-digest  default  prefer-crc32c
`[1:], "")
	if r := set("--header-digest prefer-crc32c --symbolic-name rack1"); r.status != exit.OK || r.stderr != "" || !strings.HasPrefix(r.stdout, "192.0.2.10:3260: stored; 2 targets\n  CHAP with SHA3-256\n") {
		t.Errorf("got %+v, want an answer by the kept secret, and no warning", r)
	}
	options(`"symbolic_name":"rack1","security_flags":"0x00","login_options":{"auth_type":"chap","username":"host1","password":"set","header_digest":"prefer-crc32c","max_connections":4}`)

	set("--unset chap-secret").want(t, exit.Usage, "", "discover: without a CHAP secret, chap-user of the entry would have no use: give --chap-secret REF, or --unset chap-user as well\n")
	set("--ipsec-psk env:NEW").want(t, exit.Usage, "", "discover: without IPsec, ipsec-psk of the entry would have no use: give --ipsec LIST, or --unset ipsec-psk as well\n")
	set("--target-user array --chap-policy preferred").want(t, exit.Usage, "",
		"discover: chap-policy preferred excludes target-user and target-secret: a target that must authenticate cannot choose to go without CHAP; unset the one or the others\n")
	set("--max-connections 0").want(t, exit.Failed, "", "discover: portal 192.0.2.10:3260: login options: maximum connections: 1 to 65535\n")
	options(`"auth_type":"chap","username":"host1","password":"set","header_digest":"prefer-crc32c","max_connections":4}`)

	if r := set("--chap-secret env:NEW"); r.status != exit.Failed || !strings.Contains(r.stderr, "target refused: authentication failure") ||
		!strings.HasSuffix(r.stderr, "discover: 192.0.2.10:3260 (instance any, port all) is changed in the registry nevertheless; see discover portal show\n") {
		t.Errorf("got %+v, want the new secret to be refused", r)
	}
	if r := set("--unset chap-secret,chap-user,max-connections,header-digest"); r.status != exit.Failed {
		t.Errorf("got %+v, want a refusal without CHAP", r)
	}
	options(`"symbolic_name":"rack1","security_flags":"0x00","login_options":{},`)
	r := set("--data-digest crc32c --dry-run -o json")
	if !json.Valid([]byte(r.stdout)) || !strings.Contains(r.stdout, `"login_options":{"data_digest":"crc32c"}`) || !strings.Contains(r.stdout, `"before":{"portal":"192.0.2.10:3260"`) {
		t.Errorf("got %+v", r)
	}
}

// TestPortalSetMutual: the type of authentication follows from the secrets.
func TestPortalSetMutual(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.files["/one"], l.files["/two"] = "secret-of-host-1", "secret-of-target"
	discover := l.inRegistry(t)
	discover("portal", "add", "192.0.2.10")
	for _, tt := range []struct{ args, want string }{
		{"--chap-secret file:/one", `{"auth_type":"chap","password":"set","password_ref":"file:/one"}`},
		{"--target-secret file:/two", `{"auth_type":"mutual-chap","password":"set","password_ref":"file:/one","target_password":"set","target_password_ref":"file:/two"}`},
		{"--chap-user host1", `{"auth_type":"mutual-chap","username":"host1","password":"set","password_ref":"file:/one","target_password":"set","target_password_ref":"file:/two"}`},
		{"--unset target-secret", `{"auth_type":"chap","username":"host1","password":"set","password_ref":"file:/one"}`},
		{"--unset chap-secret,chap-user", `{}`},
	} {
		discover(append([]string{"portal", "set", "192.0.2.10"}, strings.Fields(tt.args)...)...)
		if r := discover("portal", "list", "-o", "json"); !strings.Contains(r.stdout, `"login_options":`+tt.want) {
			t.Errorf("%s: got %s, want %s", tt.args, r.stdout, tt.want)
		}
	}
}

// TestPortalSetIPsec: set is no way to clear text that add is not: flags that were stored
// before hold until --ipsec off.
func TestPortalSetIPsec(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		discover := l.inRegistry(t)
		discover("portal", "add", "192.0.2.10", "--ipsec", "transport", "--ipsec-id", "host1.example.com")
		set := func(args ...string) ran { return discover(append([]string{"portal", "set", "192.0.2.10"}, args...)...) }
		if r := set("--unset", "ipsec,ipsec-id"); r.status != exit.Failed || !strings.Contains(r.stderr, "the portal must be asked under IPsec") || len(l.Dials()) > 0 {
			t.Errorf("got %+v and dials %v, want the flags that were stored before to hold", r, l.Dials())
		}
		if r := set("--symbolic-name", "a"); r.status != exit.Failed || len(l.Dials()) > 0 {
			t.Errorf("got %+v, want IPsec to hold", r)
		}
		if r := set("--ipsec", "off"); r.status != exit.OK || len(l.Dials()) != 1 {
			t.Errorf("got %+v, want an answer", r)
		}
	})
}

// TestPortalSetIPsecOfOthers: a change of another option is no new definition of the flags of
// an entry: other entries of the portal stay under the flags that were given last.
func TestPortalSetIPsecOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets(), twoTargets(), twoTargets(), twoTargets())
		discover := l.inRegistry(t)
		discover("portal", "add", "192.0.2.10", "--source", "192.0.2.253", "--ipsec", "off")
		discover("portal", "add", "192.0.2.10", "--source", "192.0.2.254", "--ipsec", "transport")
		discover("portal", "add", "192.0.2.10")
		if r := discover("portal", "set", "192.0.2.10", "--source", "192.0.2.253", "--symbolic-name", "a"); r.status != exit.OK || len(l.Dials()) != 2 {
			t.Fatalf("got %+v and %d dials, want an answer in clear text", r, len(l.Dials()))
		}
		if r := discover("portal", "refresh", "192.0.2.10"); r.status != exit.Failed || !strings.Contains(r.stderr, "another initiator port defined ike,transport before") || len(l.Dials()) != 2 {
			t.Errorf("got %+v and %d dials, want the flags that were given last to hold", r, len(l.Dials()))
		}
		discover("portal", "set", "192.0.2.10", "--source", "192.0.2.254", "--ipsec", "off")
		if r := discover("portal", "refresh", "192.0.2.10"); r.status != exit.OK {
			t.Errorf("got %+v, want the new definition to count", r)
		}
	})
}

// TestPortalSetKey: where the key of the registry is not there, the error says what is needed,
// and nothing is changed.
func TestPortalSetKey(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env["SECRET"], l.env["KEY"], l.env["WRONG"] = "secret-of-host-1", "a passphrase", "another one"
	discover := l.inRegistry(t)
	discover("portal", "add", "192.0.2.10", "--chap-secret", "env:SECRET", "--key", "env:KEY")
	discover("portal", "set", "192.0.2.10", "--symbolic-name", "a", "--key", "env:WRONG").want(t, exit.Failed, "",
		"discover: portal 192.0.2.10:3260: secret: --key is not the passphrase with which the secrets of this registry are sealed\n")
	if r := discover("portal", "list", "-o", "json"); !strings.Contains(r.stdout, `"symbolic_name":""`) {
		t.Errorf("got %s", r.stdout)
	}
}
