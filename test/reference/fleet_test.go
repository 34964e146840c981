package reference

import (
	"go/ast"
	"slices"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/leader"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/settle"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/sweep"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// stateWords are what is wrong with etcd in each state.
var stateWords = map[etcd.State]string{
	etcd.Other:           "What else a member said; it stands behind the state",
	etcd.Unreachable:     "No member answers in time, or those that do have no leader. A fleet's host goes on by itself and writes all when etcd is back",
	etcd.Denied:          "The roles of the user do not permit the key that the line names: see [users and roles](../guide/fleet.md#users-and-roles)",
	etcd.Unauthenticated: "etcd knows no such user or password, or wants one: `--etcd-user`, `--etcd-password`, or a certificate with the user's name",
	etcd.BadCertificate:  "TLS: a certificate has expired, is of another authority (`--etcd-cacert`) or for another name. It is renewed in place, without a restart",
	etcd.NoSpace:         "The database has reached `--quota-backend-bytes`. What was written stays readable",
	etcd.Compacted:       "The history that was asked for is gone. discover lists all again by itself",
	etcd.TooLarge:        "A request or an answer is larger than etcd or gRPC takes. discover keeps below their defaults: etcd's may have been lowered",
	etcd.Newer:           "A newer version of discover made the registry in etcd",
	etcd.Damaged:         "A record in etcd is not what was written there, or etcd says that its members differ",
	etcd.Misconfigured:   "An endpoint, a file or a prefix that cannot be used",
	etcd.Busy:            "More than etcd takes at once, mostly since a whole fleet starts together: hosts come back spread over two intervals",
}

// etcdStates is the section about etcd.
func etcdStates(t *testing.T) string {
	all := sourceOf(t, "pkg/initiator/registry/etcd").constants("State")
	if len(all) != len(stateWords) {
		t.Fatalf("got words for %d states of etcd, want for %d", len(stateWords), len(all))
	}
	var b strings.Builder
	b.WriteString("| state | hint | what it is |\n| --- | --- | --- |\n")
	for i := range all {
		s := etcd.State(i)
		if stateWords[s] == "" {
			t.Errorf("etcd: %s has no words", s)
		}
		b.WriteString(row(code(s.String()), s.Hint(), stateWords[s]))
	}
	return b.String()
}

// A fleetError is one error of a fleet, as it is printed.
type fleetError struct {
	kind  string // its type
	err   error
	words string
}

// fleetErrors are the errors of each type that packages of a fleet have.
func fleetErrors() []fleetError {
	entry := fleet.Entry{Key: initiator.Key{Portal: initiator.Portal{Address: "192.0.2.10", Port: 3260}}}
	digest := fleet.Digest{0xab, 0xcd}
	return []fleetError{
		{"fleet.NameError", fleet.CheckHost("DB7"), "Names of fleets, hosts and login templates are in lower case, and not every host name is one: `--fleet-host`"},
		{"fleet.NewerError", &fleet.NewerError{Schema: 2}, "The record stays, and is shown as unreadable (`key-unreadable` in `discover fleet diff`): update this host"},
		{"fleet.RecordError", &fleet.RecordError{Why: "it says that it is of another host"}, "A record in etcd cannot be what its key says; other texts say what else is wrong. Who wrote it? It is passed over"},
		{"fleet.TooLargeError", &fleet.TooLargeError{Targets: fleet.MaxTargets + 1}, "The fleet knows how many targets there are, but not which: see [limits](limits.md)"},
		{"fleet.UnfitError", &fleet.UnfitError{Target: "iqn.2026-11.com.example:disk1", Why: "it has an impossible address"}, "A portal answered with what no reader would take, and the fleet knows how many targets there are alone: report it to the vendor of the array"},
		{"fleet.LieError", &fleet.LieError{Digest: digest, Why: "it is another answer"}, "What a host has written is not what it said that it is (`answer-lie`): it may be hostile, or its memory bad"},
		{"fleet.ShardError", &fleet.ShardError{Host: "db7", Shard: 3, Why: "it is of another shard"}, "The same of a shared scan: another host asks the shard again"},
		{"host.TwinError", &host.TwinError{Host: "db7", Key: "/discover/v1/prod/host/db7/info", ID: "X", Why: "another host"}, "Two hosts have one name (`host-twice`): `--fleet-host` for one of them. After a registry was copied to another host, remove the copy's"},
		{"host.UnlistedError", &host.UnlistedError{Entry: entry, Err: &fleet.TooLargeError{Targets: fleet.MaxTargets + 1}}, "A warning: all else of the portal is published"},
		{"host.LeaseError", &host.LeaseError{Why: "it ended, or its keep-alives were not answered in time"}, "The host was cut off for longer than three intervals, or its key was removed: it writes all again by itself"},
		{"host.ForeignError", &host.ForeignError{}, "A key below `config/` that no version writes: remove it"},
		{"settle.RefusedError", &settle.RefusedError{Why: "the fleet has no login template gold"}, "A record of `config/` that this host cannot apply; other texts say what else is missing. It changes nothing"},
		{"sweep.LeaseError", &sweep.LeaseError{Why: "it ended"}, "A host's lease for shared scans: its shards go to other hosts"},
		{"sweep.EndedError", &sweep.EndedError{Why: "its lease in etcd ended", Read: 3, Shards: 8}, "Who asked was cut off from etcd for longer than the lease of the scan"},
		{"leader.DeposedError", &leader.DeposedError{Why: "its lease in etcd ended"}, "Another host leads, if there is one with `--fleet-lead`; this one is a candidate again"},
		{"view.MissingError", &view.MissingError{Digest: digest}, "`answer-unread` in `discover fleet diff`. If it stays: does a host lead?"},
	}
}

// fleetLines is the section about fleets.
func fleetLines(t *testing.T) string {
	all := fleetErrors()
	var b strings.Builder
	b.WriteString("| it says | what it is, and what to do |\n| --- | --- |\n")
	for _, e := range all {
		b.WriteString(row(code(strings.ReplaceAll(e.err.Error(), "`", "'")), e.words))
	}
	for _, name := range errorTypes(sourceOf(t, "pkg/initiator/fleet")) {
		if name != "host.Fault" && !slices.ContainsFunc(all, func(e fleetError) bool { return e.kind == name }) {
			t.Errorf("%s is not in %s", name, errorsPage)
		}
	}
	return b.String()
}

// errorTypes are the types of errors that others may see, as PACKAGE.TYPE.
func errorTypes(s *source) (all []string) {
	for _, f := range s.files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Name.Name != "Error" || fn.Recv == nil {
				continue
			}
			of := fn.Recv.List[0].Type
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			if name := of.(*ast.Ident); name.IsExported() {
				all = append(all, f.Name.Name+"."+name.Name)
			}
		}
	}
	return all
}
