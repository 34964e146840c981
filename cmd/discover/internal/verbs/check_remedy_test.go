package verbs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
)

// putRecord writes a record of a registry, whatever it says.
func putRecord(t *testing.T, path, key, value string) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Apply(t.Context(), registry.Change{Key: key, Version: registry.AnyVersion, Value: []byte(value)}); err != nil {
		t.Fatal(err)
	}
}

// TestRemedyCanBeDone: what the error of a damaged record says to do is not refused
// because the record is damaged (issue 13, 13).
func TestRemedyCanBeDone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		key, says string
		verbs     []string // that carry it out
	}{
		{"bitmap/192.0.2.10/03260//4294967295", "remove portal 192.0.2.10 with all its entries, and add it again", []string{"portal remove 192.0.2.10", "portal add 192.0.2.10 --ipsec off"}},
		{"psk/192.0.2.10//4294967295", "remove the key of 192.0.2.10, and set it again", []string{"ipsec psk remove 192.0.2.10", "ipsec psk set 192.0.2.10 file:/psk"}},
		{"tunnel/192.0.2.10//4294967295", "remove the tunnel to 192.0.2.10, and set it again", []string{"ipsec tunnel remove 192.0.2.10", "ipsec tunnel set 192.0.2.10 203.0.113.1"}},
		{"policy/192.0.2.10%2F32", "remove the policy for 192.0.2.10/32, and add it again", []string{"ipsec policy remove 192.0.2.10", "ipsec policy add 192.0.2.10 off"}},
		{"setting/default-security-flags", "set it again", []string{"ipsec default transport"}},
		{"setting/flags-revision", "set it again", []string{"ipsec psk set 192.0.2.11 file:/psk"}},
		{"setting/sealing", "restore the registry from a backup", nil},
	} {
		t.Run(tt.key, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.files["/psk"] = "a preshared key"
			l.Portal("192.0.2.10:3260", twoTargets())
			registry := filepath.Join(t.TempDir(), "registry.db")
			run := func(line string) ran {
				return l.discover(t.Context(), append(strings.Fields(line), "--registry", registry)...)
			}
			if r := run("portal add 192.0.2.10 --ipsec off"); r.status != exit.OK {
				t.Fatalf("got %+v", r)
			}
			putRecord(t, registry, tt.key, "[1]")
			r := run("registry check")
			if r.status != exit.Failed || !strings.Contains(r.stdout, tt.key) || !strings.Contains(r.stdout, tt.says+"\n") && !strings.Contains(r.stdout, tt.says+" with its IPsec flags\n") {
				t.Errorf("registry check: %+v", r)
			}
			for _, verb := range tt.verbs {
				if r := run(verb); r.status != exit.OK {
					t.Errorf("%s: %+v", verb, r)
				}
			}
			if r := run("registry check"); (r.status == exit.OK) != (tt.verbs != nil) {
				t.Errorf("registry check afterwards: %+v", r)
			}
		})
	}
}

// TestCheckFindsWhatListsFind: a record that lists report is one that registry check
// reports: of a target whose keys are hashed, a policy whose selector is none, a port
// with another number than its key (issue 13, 12, 13 and 18).
func TestCheckFindsWhatListsFind(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("ab", 32)
	for _, tt := range []struct{ key, value, list string }{
		{"long/target/" + hash + "/" + hash, "[1]", "target list"},
		{"policy/192.0.2.10%2F32", `{"selector":"nonsense","flags":3}`, "ipsec policy list"},
		{"port/host/0000000099", `{"number":7,"address":"192.0.2.2"}`, "port list"},
	} {
		l := newLab(t)
		registry := filepath.Join(t.TempDir(), "registry.db")
		run := func(line string) ran {
			return l.discover(t.Context(), append(strings.Fields(line), "--registry", registry)...)
		}
		putRecord(t, registry, tt.key, tt.value)
		if r := run(tt.list); r.status != exit.Partly || !strings.Contains(r.stderr, tt.key) || !strings.Contains(r.stderr, "is damaged: ") {
			t.Errorf("%s with %s: %+v", tt.list, tt.key, r)
		}
		if r := run("registry check"); r.status != exit.Failed || !strings.Contains(r.stdout, tt.key) {
			t.Errorf("registry check with %s: %+v", tt.key, r)
		}
	}
}

// TestRemoveOldIdentity: a key that an older version stored for what is no identity any
// more can be removed by that text (issue 13, 42).
func TestRemoveOldIdentity(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	registry := filepath.Join(t.TempDir(), "registry.db")
	run := func(args ...string) ran {
		return l.discover(t.Context(), append(args, "--registry", registry)...)
	}
	putRecord(t, registry, "psk/%2A@example.com//4294967295", `{"id":"*@example.com","port":4294967295,"key":{"ref":"file:/psk"}}`)
	if r := run("ipsec", "psk", "remove", "*@example.org"); r.status != exit.Usage || strings.Contains(r.stderr, "example.org") {
		t.Errorf("another: %+v", r)
	}
	run("ipsec", "psk", "remove", "*@example.com").want(t, exit.OK, "removed the preshared key of *@example.com\n", "")
	if r := run("ipsec", "psk", "list"); strings.Contains(r.stdout, "example") {
		t.Errorf("it is there: %+v", r)
	}
}

// TestRekeyDryRunSays: a dry run finds a key that an interrupted rekey has left beside
// its place, and says of one that is gone what the run itself would say (issue 13, 18
// and 25).
func TestRekeyDryRunSays(t *testing.T) {
	t.Parallel()
	l := newSealedLab(t)
	key := l.file("registry.key")
	hidden := key + ".away"
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	rename(key, hidden)
	dry, run := l.run("registry", "rekey", "--dry-run"), l.run("registry", "rekey")
	if dry.status != exit.Failed || dry.stderr != run.stderr || !strings.Contains(dry.stderr, "it cannot be opened") {
		t.Errorf("without the key: a dry run says %+v, a run %+v", dry, run)
	}
	if _, err := os.Lstat(key); err == nil {
		t.Error("a key was made")
	}
	rename(hidden, key)
	l.run("registry", "rekey").want(t, exit.OK, "sealed 4 secrets with a new key in "+key+"\n", "")
	rename(key, key+"."+l.keyID())
	l.run("registry", "rekey", "--dry-run").want(t, exit.OK, "dry run: would have sealed 4 secrets with a new key in "+key+"\n", "")
}

// TestPruneSaysWhatItRemoved: prune removes a damaged record whose key is a hash, as its
// remedy says, and says so (issue 13, 12 and 13).
func TestPruneSaysWhatItRemoved(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	registry, hash := filepath.Join(t.TempDir(), "registry.db"), strings.Repeat("ab", 32)
	putRecord(t, registry, "long/target/"+hash+"/"+hash, "[1]")
	prune := func(more ...string) ran {
		return l.discover(t.Context(), append(more, "target", "prune", "--registry", registry)...)
	}
	prune("--dry-run").want(t, exit.OK, "dry run: would have removed 1 record of a target with a long name that could not be read\n", "")
	prune().want(t, exit.OK, "", "discover: removed 1 record of a target with a long name that could not be read\n")
	prune().want(t, exit.OK, "", "discover: nothing to delete\n")
}
