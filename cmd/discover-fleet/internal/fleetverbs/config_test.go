package fleetverbs

import (
	"fmt"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/test/output"
)

// TestConfig: portals, policies and login templates are added, changed, listed and removed.
func TestConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(0, []string{"added portal 192.0.2.1:3260 of the fleet " + w.name, "added portal [2001:db8::1]:3261"}, []string{"no login template gold yet"},
		"portal", "add", "--login", "gold", "--hosts", "rack1-*", "192.0.2.1", "[2001:db8::1]:3261")
	w.want(0, []string{"changed portal 192.0.2.1:3260"}, nil, "portal", "add", "192.0.2.1", "--ipsec", "transport", "--symbolic-name", "east")
	w.want(0, []string{"192.0.2.1:3260      east", "ike,transport", "all", "[2001:db8::1]:3261", "gold", "rack1-*"}, nil, "portal", "list")
	w.want(0, []string{`{"portal":"192.0.2.1:3260","symbolic_name":"east","instance":"","initiator_port":"all","security_flags":`}, nil, "portal", "ls", "-o", "json")
	w.want(0, []string{"dry run: would have added portal 192.0.2.9:3260"}, nil, "portal", "add", "--dry-run", "192.0.2.9")
	w.want(0, []string{"dry run: would have removed portal 192.0.2.1:3260"}, nil, "portal", "remove", "--dry-run", "192.0.2.1")
	w.want(3, []string{"removed portal 192.0.2.1:3260"}, []string{"no portal 192.0.2.9:3260 in the configuration"}, "portal", "remove", "192.0.2.1", "192.0.2.9")
	w.want(1, nil, []string{"no portal 192.0.2.9:3260"}, "portal", "rm", "192.0.2.9")

	w.want(0, []string{"added policy 192.0.2.0/24"}, nil, "policy", "add", "192.0.2.7/24", "--ipsec", "transport")
	w.want(0, []string{"192.0.2.0/24  ike,transport  all"}, nil, "policy", "list")
	w.want(0, []string{`{"type":"removed","kind":"policy","name":"192.0.2.0/24"}`}, nil, "policy", "remove", "192.0.2.0/24", "-o", "jsonl")

	w.want(0, []string{"added login gold"}, nil, "login", "add", "gold", "--chap-user", "u", "--chap-secret", "cred:gold", "--header-digest", "crc32c")
	w.want(0, []string{"gold  u          cred:gold  crc32c"}, nil, "login", "list")
	w.want(0, []string{`"logins":[` + "\n" + `{"name":"gold","chap_user":"u","chap_secret":"cred:gold","header_digest":"crc32c"}`}, nil, "login", "list", "-o", "json")
	w.want(0, []string{"removed login gold"}, nil, "login", "remove", "gold")
	w.want(0, nil, []string{"no logins in the configuration of the fleet " + w.name}, "login", "list")
}

// TestConfigNewer: a record of a newer version is listed as such and not overwritten, and
// what is foreign is passed over.
func TestConfigNewer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.keys.Portal(initiator.Portal{Address: "192.0.2.1", Port: 3260})
	const newer = `{"schema":99}`
	fleettest.Put(t, w.client, key, newer)
	fleettest.Put(t, w.client, w.keys.Portals()+"evil\x1b", "x")
	w.want(0, nil, []string{"a newer version wrote it", `evil\x1b`, "none of a fleet's"}, "portal", "list")
	w.want(1, nil, []string{"is left as it is: a newer version wrote it"}, "portal", "add", "192.0.2.1")
	got, err := w.client.Get(t.Context(), key)
	if err != nil || len(got.Kvs) != 1 || string(got.Kvs[0].Value) != newer {
		t.Errorf("got %v, %v; want the record as it was", got, err)
	}
	fleettest.Put(t, w.client, key, "damaged")
	w.want(0, []string{"changed portal 192.0.2.1:3260"}, nil, "portal", "add", "192.0.2.1")
	if got, err = w.client.Get(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if _, err := fleet.DecodePortal(initiator.Portal{Address: "192.0.2.1", Port: 3260}, got.Kvs[0].Value); err != nil {
		t.Error(err)
	}
}

// TestUsage: what is wrong on the command line is one line, with exit status 2, and never a
// secret.
func TestUsage(t *testing.T) {
	t.Parallel()
	env := map[string]string{"DISCOVER_FLEET": "lab", "DISCOVER_ETCD": "http://127.0.0.1:1"}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "fleet needs a verb: diff, forget, hosts, login"},
		{[]string{"hots"}, "did you mean hosts?"},
		{[]string{"portal"}, "fleet portal needs a verb: add, list or remove"},
		{[]string{"portal", "ad"}, "did you mean add?"},
		{[]string{"hosts", "x"}, "fleet hosts takes no arguments"},
		{[]string{"portal", "add"}, "fleet portal add needs PORTAL"},
		{[]string{"portal", "add", "192.0.2.0/24"}, "this is a block or range"},
		{[]string{"portal", "add", "--ipsec", "off", "192.0.2.1"}, "a fleet may only make IPsec stronger"},
		{[]string{"portal", "add", "--initiator-port", "1", "192.0.2.1"}, "name the instance"},
		{[]string{"policy", "add", "192.0.2.1"}, "needs --ipsec FLAGS"},
		{[]string{"policy", "add", "--ipsec", "transport", "a b"}, "selector"},
		{[]string{"login", "add", "Gold"}, "login template name"},
		{[]string{"login", "add", "gold", "--chap-user", "x"}, "--chap-secret is missing"},
		{[]string{"login", "add", "gold", "--chap-secret", "the-secret-itself"}, "the secret itself is not accepted here"},
		{[]string{"login", "add", "gold", "--chap-secret", "file:/the-secret-itself"}, "a fleet takes cred:NAME alone"},
		{[]string{"login", "add", "gold", "--chap-secret", "cred:-x"}, "the name of a credential"},
		{[]string{"watch", "-o", "json"}, "use jsonl"},
		{[]string{"hosts", "-o", "iscsiadm"}, "expected one of table, json, jsonl"},
		{[]string{"hosts", "--fleet", "A"}, "--fleet: fleet name"},
		{[]string{"hosts", "--etcd", "http://user:the-secret-itself@127.0.0.1"}, "an endpoint is a URL"},
		{[]string{"hosts", "--etcd-user", "x", "--etcd-password", "env:NONE"}, "--etcd-password: the environment variable is not set"},
		{[]string{"hosts", "--unknown"}, "unknown flag --unknown"},
		{[]string{"help", "nothing"}, "there is no manual"},
	} {
		var stdout, stderr output.Buffer
		status := runWith(t.Context(), env, &stdout, &stderr, tt.args...)
		line := stderr.String()
		if status != 2 || !strings.HasPrefix(line, "discover: ") || strings.Count(line, "\n") != 1 || !strings.Contains(line, tt.want) || strings.Contains(line, "the-secret-itself") {
			t.Errorf("%q: got exit status %d, %q; want 2, %q", tt.args, status, line, tt.want)
		}
	}
}

// TestHelp: help, man pages, the version and completion need no etcd.
func TestHelp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"help"}, "Usage: discover fleet VERB"},
		{[]string{"help", "portal", "add"}, "Usage: discover fleet portal add [FLAGS] PORTAL..."},
		{[]string{"help", "fleet", "diff"}, "Usage: discover fleet diff"},
		{[]string{"portal", "add", "-h"}, "discover help fleet portal add: everything"},
		{[]string{"portal", "add", "--help"}, "--etcd-password REF"},
		{[]string{"man", "diff"}, `.TH "DISCOVER\-FLEET\-DIFF" "1"`},
		{[]string{"version"}, "discover-fleet "},
		{[]string{"__complete", ""}, "diff\tsay which hosts"},
		{[]string{"__complete", "portal", ""}, "add\t"},
		{[]string{"__complete", "portal", "add", "--et"}, "--etcd-cacert\t"},
	} {
		var stdout, stderr output.Buffer
		if status := runWith(t.Context(), nil, &stdout, &stderr, tt.args...); status != 0 || !strings.Contains(stdout.String(), tt.want) || stderr.String() != "" {
			t.Errorf("%q: got exit status %d, %.300q, %q; want %q", tt.args, status, stdout.String(), stderr.String(), tt.want)
		}
	}
}

// TestPortalListLarge: foreign keys below config/ that are together more than an answer of etcd
// may be hide no portal.
func TestPortalListLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 20 {
		fleettest.Put(t, w.client, fmt.Sprintf("%sportal/z%02d", w.keys.Config(), n), strings.Repeat("x", 1<<20))
	}
	w.want(0, nil, nil, "portal", "add", "192.0.2.1")
	w.want(0, []string{"192.0.2.1:3260"}, []string{"portal/z00", "portal/z19"}, "portal", "list")
	if _, err := w.client.Delete(t.Context(), w.keys.Prefix(), clientv3.WithPrefix()); err != nil {
		t.Fatal(err)
	}
}
