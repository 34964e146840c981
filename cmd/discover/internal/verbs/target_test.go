package verbs

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// inRegistry returns a function that runs the command on a registry of its own.
func (l *lab) inRegistry(t *testing.T) func(args ...string) ran {
	registry := filepath.Join(t.TempDir(), "registry.db")
	return func(args ...string) ran {
		return l.discover(t.Context(), append(args, "--registry", registry)...)
	}
}

// What is known of targets: two ports that see different ones, one that goes
// missing, one that is configured by hand, one whose portal was removed.
func TestTargetList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		fewer := twoTargets()
		fewer.Records = fewer.Records[:1]
		l.Portal("192.0.2.10:3260", twoTargets(), fewer, fewer)
		l.Portal("192.0.2.20:3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:old"}}})
		discover := l.inRegistry(t)
		for _, args := range [][]string{
			{"portal", "add", "192.0.2.10", "--source", "192.0.2.254"},
			{"portal", "add", "192.0.2.10", "--source", "192.0.2.253"},
			{"portal", "add", "192.0.2.20"},
			{"portal", "remove", "192.0.2.20"},
			{"target", "add", "iqn.2026-11.com.example:vault", "--alias", `a "vault"`, "--address", "192.0.2.30,7"},
		} {
			if r := discover(args...); r.status != exit.OK {
				t.Fatalf("%v: %+v", args, r)
			}
		}
		time.Sleep(time.Hour)
		if r := discover("portal", "refresh"); r.status != exit.OK {
			t.Fatal(r)
		}
		discover("target", "list").want(t, exit.OK, `
TARGET                                       ADDRESS                FOUND BY                     FIRST SEEN            LAST SEEN
iqn.2026-11.com.example:disk-two             192.0.2.10:3260        192.0.2.10:3260 from host/0  2000-01-01T00:00:00Z  2000-01-01T00:00:00Z  missing since 2000-01-01T01:00:00Z
iqn.2026-11.com.example:disk1                192.0.2.10:3260,1      192.0.2.10:3260 from host/0  2000-01-01T00:00:00Z  2000-01-01T01:00:00Z
                                             [2001:db8::10]:3260,1
                                             192.0.2.10:3260,1      192.0.2.10:3260 from host/2  2000-01-01T00:00:00Z  2000-01-01T01:00:00Z
                                             [2001:db8::10]:3260,1
iqn.2026-11.com.example:old                  192.0.2.20:3260        192.0.2.20:3260              2000-01-01T00:00:00Z  2000-01-01T00:00:00Z  stale: the portal was removed
iqn.2026-11.com.example:vault "a \"vault\""  192.0.2.30:3260,7      static                       2000-01-01T00:00:00Z
`[1:], "")
		discover("target", "list", "-o", "iscsiadm").want(t, exit.OK, `
192.0.2.10:3260,1 iqn.2026-11.com.example:disk1
[2001:db8::10]:3260,1 iqn.2026-11.com.example:disk1
192.0.2.20:3260,-1 iqn.2026-11.com.example:old
192.0.2.30:3260,7 iqn.2026-11.com.example:vault
`[1:], "")
		discover("target", "list", "-o", "jsonl").want(t, exit.OK, `
{"type":"known-target","name":"iqn.2026-11.com.example:disk-two","alias":"","mechanisms":[{"mechanism":"SendTargets:*192.0.2.10 0003260 host 0 ","kind":"sendtargets","found_by":{"portal":"192.0.2.10:3260","instance":"host","initiator_port":"0"},"alias":"","addresses":[{"address":"192.0.2.10","port":3260,"group":null}],"first_seen":"2000-01-01T00:00:00Z","last_seen":"2000-01-01T00:00:00Z","missing_since":"2000-01-01T01:00:00Z","stale":false}]}
{"type":"known-target","name":"iqn.2026-11.com.example:disk1","alias":"","mechanisms":[{"mechanism":"SendTargets:*192.0.2.10 0003260 host 0 ","kind":"sendtargets","found_by":{"portal":"192.0.2.10:3260","instance":"host","initiator_port":"0"},"alias":"","addresses":[{"address":"192.0.2.10","port":3260,"group":1},{"address":"2001:db8::10","port":3260,"group":1}],"first_seen":"2000-01-01T00:00:00Z","last_seen":"2000-01-01T01:00:00Z","missing_since":null,"stale":false},{"mechanism":"SendTargets:*192.0.2.10 0003260 host 2 ","kind":"sendtargets","found_by":{"portal":"192.0.2.10:3260","instance":"host","initiator_port":"2"},"alias":"","addresses":[{"address":"192.0.2.10","port":3260,"group":1},{"address":"2001:db8::10","port":3260,"group":1}],"first_seen":"2000-01-01T00:00:00Z","last_seen":"2000-01-01T01:00:00Z","missing_since":null,"stale":false}]}
{"type":"known-target","name":"iqn.2026-11.com.example:old","alias":"","mechanisms":[{"mechanism":"SendTargets:*192.0.2.20 0003260  ","kind":"sendtargets","found_by":{"portal":"192.0.2.20:3260","instance":"","initiator_port":"all"},"alias":"","addresses":[{"address":"192.0.2.20","port":3260,"group":null}],"first_seen":"2000-01-01T00:00:00Z","last_seen":"2000-01-01T00:00:00Z","missing_since":null,"stale":true}]}
{"type":"known-target","name":"iqn.2026-11.com.example:vault","alias":"a \"vault\"","mechanisms":[{"mechanism":"Static","kind":"static","found_by":null,"alias":"a \"vault\"","addresses":[{"address":"192.0.2.30","port":3260,"group":7}],"first_seen":"2000-01-01T00:00:00Z","last_seen":"2000-01-01T00:00:00Z","missing_since":null,"stale":false}]}
`[1:], "")
		discover("target", "prune", "--missing-for", "30m", "--dry-run").want(t, exit.OK, `
dry run: would have deleted these
WOULD BE DELETED             FOUND BY
iqn.2026-11.com.example:old  192.0.2.20:3260
`[1:], "")
		discover("target", "prune", "-o", "json").want(t, exit.OK, `{"version":1,"pruned":[
{"name":"iqn.2026-11.com.example:disk-two","mechanism":"SendTargets:*192.0.2.10 0003260 host 0 ","found_by":{"portal":"192.0.2.10:3260","instance":"host","initiator_port":"0"}},
{"name":"iqn.2026-11.com.example:old","mechanism":"SendTargets:*192.0.2.20 0003260  ","found_by":{"portal":"192.0.2.20:3260","instance":"","initiator_port":"all"}}
]}
`, "")
		discover("target", "prune").want(t, exit.OK, "", "discover: nothing to delete\n")
	})
}
