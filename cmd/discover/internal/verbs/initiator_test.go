package verbs

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// Who we are, and the ports that we ask from, as people see them.
func TestInitiatorAndPorts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.env["SHORT"] = "elevenbytes"
		l.names["storage.example"] = []string{"192.0.2.10", "2001:db8::10"}
		discover := l.inRegistry(t)
		discover("initiator", "show").want(t, exit.OK, `
NAME                                              FROM       SECRET OF TARGETS
iqn.2026-11.io.github.go-iscsi:host1.example.com  host name  none
`[1:], "")
		discover("initiator", "set-chap-secret", "env:SHORT", "--dry-run").want(t, exit.OK, `
dry run: nothing is stored; this is what would apply
NAME                                              FROM       SECRET OF TARGETS
iqn.2026-11.io.github.go-iscsi:host1.example.com  host name  set
`[1:], "discover: warning: the secret is shorter than 12 bytes: it is used only under IPsec, or for portals with --short-secrets (AFFF0048, ISDSC_SHORT_CHAP_SECRET)\n")
		if r := discover("initiator", "show", "-o", "jsonl"); !strings.HasPrefix(r.stdout, `{"type":"initiator","name":"iqn.2026-11.io.github.go-iscsi:host1.example.com","origin":"host name","chap_secret":"",`) {
			t.Errorf("got %+v, want no secret after a dry run", r)
		}
		discover("instance", "add", "san", "--interface", "eth1", "--interface", "eth2", "--node-name", "iqn.2026-11.com.example:san").want(t, exit.OK,
			"added instance san; see discover port list\n", "")
		discover("instance", "list").want(t, exit.OK, `
INSTANCE  NODE NAME                    INTERFACES  ADDRESSES
host                                               all of this host
san       iqn.2026-11.com.example:san  eth1 eth2
`[1:], "")
		discover("port", "list").want(t, exit.OK, `
INSTANCE  PORT  ADDRESS       INTERFACE  STATE
host      0     192.0.2.254   eth0       up
host      1     2001:db8::fe  eth0       up
host      2     192.0.2.253   eth1       up
host      3     198.51.100.7  eth2       down
host      4     127.0.0.1     lo         up
san       0     192.0.2.253   eth1       up
san       1     198.51.100.7  eth2       down
`[1:], "")
		discover("port", "list", "storage.example").want(t, exit.OK, `
PORTAL ADDRESS       INSTANCE  PORT  ADDRESS       INTERFACE  STATE
192.0.2.10:3260      host      0     192.0.2.254   eth0       up
192.0.2.10:3260      san       0     192.0.2.253   eth1       up
[2001:db8::10]:3260  host      1     2001:db8::fe  eth0       up
`[1:], "")
		discover("port", "list", "--instance", "SAN", "storage.example", "-o", "json").want(t, exit.OK, `{"version":1,"ports":[
{"instance":"san","number":"0","address":"192.0.2.253","interface":"eth1","state":"up","portal":"storage.example:3260","portal_address":"192.0.2.10:3260"}
]}
`, "")
		discover("port", "list", "nowhere.example").want(t, exit.Failed, "", "discover: resolve nowhere.example:3260: no such host\n")
		if got := l.Dials(); len(got) > 0 {
			t.Errorf("got dials %v: listing sends nothing", got)
		}
	})
}

// A dry run of a secret makes no key, and what it seals is nowhere.
func TestDryRunOfSecret(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env["SECRET"] = "secret-of-host-1"
	discover := l.inRegistry(t)
	r := discover("portal", "add", "--dry-run", "--chap-secret", "env:SECRET", "192.0.2.10")
	if r.status != exit.OK || !strings.Contains(r.stdout, "chap") || strings.Contains(r.stdout+r.stderr, "secret-of-host-1") {
		t.Errorf("got %+v", r)
	}
	discover("portal", "add", "--dry-run", "--chap-secret", "env:SECRET", "-o", "iscsiadm", "192.0.2.10").want(t, exit.Usage, "",
		"discover: -o iscsiadm prints only targets, but a dry run finds none: use table, json or jsonl\n")
	l.env["SECRET"] = "short"
	r = discover("portal", "add", "--dry-run", "-o", "json", "--chap-secret", "env:SECRET", "192.0.2.10")
	if r.status != exit.Failed || !strings.Contains(r.stdout, `"code_name":"ISDSC_INVALID_TARGET_CHAP_SECRET"`) {
		t.Errorf("got %+v, want a short secret refused", r)
	}
}

// The passphrase is asked for only when there is something to seal, and once.
func TestPassphrase(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env["SECRET"] = "secret-of-host-1"
	l.answers["passphrase of the registry"] = "correct horse"
	discover := l.inRegistry(t)
	if r := discover("portal", "list", "--key", "fd:9"); r.status != exit.OK {
		t.Errorf("got %+v: a list needs no passphrase", r)
	}
	args := []string{"portal", "add", "--key", "prompt", "--chap-secret", "env:SECRET", "--target-user", "array", "--target-secret", "env:OTHER", "192.0.2.10"}
	l.env["OTHER"] = "secret-of-target"
	if r := discover(args...); !strings.Contains(r.stderr, "is stored in the registry nevertheless") {
		t.Errorf("got %+v", r)
	}
	l.answers["passphrase of the registry"] = "battery staple"
	if r := discover("portal", "refresh", "--key", "prompt"); !strings.Contains(r.stderr, "is not the passphrase") {
		t.Errorf("got %+v", r)
	}
	keyed := l.inRegistry(t)
	if r := keyed("portal", "add", "--chap-secret", "env:SECRET", "192.0.2.10"); !strings.Contains(r.stderr, "nevertheless") {
		t.Errorf("got %+v", r)
	}
	if r := keyed("portal", "refresh", "--key", "prompt"); !strings.Contains(r.stderr, "leave out --key") {
		t.Errorf("got %+v", r)
	}
	if r := discover("portal", "add", "--chap-secret", "fd:3", "--key", "fd:3", "192.0.2.10"); r.status != exit.Usage {
		t.Errorf("got %+v, want one descriptor for two secrets refused", r)
	}
}

// Two registries of one folder share a key file, and one of them may have a
// passphrase all the same.
func TestTwoRegistriesInOneFolder(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env["SECRET"], l.env["PASS"] = "secret-of-host-1", "correct horse"
	dir := t.TempDir()
	for _, args := range []string{
		"portal add --chap-secret env:SECRET 192.0.2.10 --registry " + dir + "/a.db",
		"portal add --chap-secret env:SECRET 192.0.2.10 --registry " + dir + "/b.db --key env:PASS",
		"portal add --chap-secret env:SECRET 192.0.2.10 --registry " + dir + "/c.db",
		"portal refresh --registry " + dir + "/a.db",
		"portal refresh --registry " + dir + "/b.db --key env:PASS",
		"portal refresh --registry " + dir + "/c.db",
	} {
		if r := l.discover(t.Context(), strings.Fields(args)...); !strings.HasPrefix(r.stderr, "discover: connect to ") {
			t.Errorf("%s: got %+v, want it to come as far as the network", args, r)
		}
	}
}
