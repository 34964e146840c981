package verbs

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
)

// TestIPsecCleanup (issue 13, 37): what discoveries left in the IKE daemon, and
// what was done with it.
func TestIPsecCleanup(t *testing.T) {
	t.Parallel()
	const name = "iscsi-discovery-1-2-3-4"
	left := func(owner string, removed bool) strongswan.Leftover {
		return strongswan.Leftover{Name: name, Owner: owner, Removed: removed}
	}
	stuck := left("gone", false)
	stuck.Err = &strongswan.LeftoverError{Name: name, Err: errors.New("it stays there")}
	silent := &ipsec.ConfigureError{Reason: "charon on /x: no answer within 5s (it may hang)"}
	const none = "discover: charon has nothing left from discoveries\n"
	for _, tt := range []struct {
		name           string
		args           string
		list           []strongswan.Leftover
		err            error
		status         int
		stdout, stderr string
		all, dry       bool // asked for
	}{
		{name: "nothing", stderr: none},
		{name: "nothing, JSON", args: "-o json", stdout: "{\"version\":1,\"leftovers\":[]}\n"},
		{name: "some", list: []strongswan.Leftover{left("gone", true), left("unknown", false), left("alive", false)},
			stdout: "NAME                     OWNER    DONE\n" + name + "  gone     removed\n" + name + "  unknown  stays\n" + name + "  alive    stays\n"},
		{name: "all", args: "--all", all: true, list: []strongswan.Leftover{left("unknown", true)},
			stdout: "NAME                     OWNER    DONE\n" + name + "  unknown  removed\n"},
		{name: "dry", args: "--all --dry-run", all: true, dry: true, list: []strongswan.Leftover{left("expired", false), left("unknown", false), left("alive", false)},
			stdout: "dry run: nothing is removed\nNAME                     OWNER    DONE\n" + name + "  expired  would be removed\n" + name + "  unknown  would be removed\n" + name + "  alive    stays\n"},
		{name: "JSON", args: "-o json", list: []strongswan.Leftover{left("gone", true)},
			stdout: "{\"version\":1,\"leftovers\":[\n{\"name\":\"" + name + "\",\"owner\":\"gone\",\"removed\":true,\"error\":null}\n]}\n"},
		{name: "JSON lines", args: "-o jsonl", list: []strongswan.Leftover{stuck}, status: exit.Failed,
			stdout: "{\"type\":\"leftover\",\"name\":\"" + name + "\",\"owner\":\"gone\",\"removed\":false,\"error\":\"" + name + " is left in charon: it stays there\"}\n"},
		{name: "one stays", list: []strongswan.Leftover{left("gone", true), stuck}, status: exit.Partly,
			stdout: "NAME                     OWNER  DONE\n" + name + "  gone   removed\n" + name + "  gone   failed\n",
			stderr: "discover: " + name + " is left in charon: it stays there\n"},
		{name: "no answer", err: silent, status: exit.Failed, stderr: "discover: IPsec: charon on /x: no answer within 5s (it may hang)\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.cleanIPsec = func(_ context.Context, all, dry bool) ([]strongswan.Leftover, error) {
				if all != tt.all || dry != tt.dry {
					t.Errorf("all %v, dry %v; want %v, %v", all, dry, tt.all, tt.dry)
				}
				return tt.list, tt.err
			}
			l.discover(t.Context(), strings.Fields("ipsec cleanup "+tt.args)...).want(t, tt.status, tt.stdout, tt.stderr)
		})
	}
	newLab(t).discover(t.Context(), "ipsec", "cleanup").want(t, exit.Failed, "", "discover: IPsec: discover knows no IKE daemon on this system\n")
}
