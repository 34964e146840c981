package verbs

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// damage makes all records of a registry unreadable whose keys begin with prefix.
func damage(t *testing.T, file, prefix string) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var keys []string
	for r, err := range store.List(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, r.Key)
	}
	if len(keys) == 0 {
		t.Fatalf("there is no record %s", prefix)
	}
	for _, key := range keys {
		if err := store.Apply(t.Context(), registry.Change{Key: key, Version: registry.AnyVersion, Value: []byte("{")}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDamagedRecord: a record that cannot be read costs itself: each list shows the
// others and names it, with the remedy, in each form of output; the exit status is 3;
// and the remedy works (issue 13, 13).
func TestDamagedRecord(t *testing.T) {
	t.Parallel()
	const name, vault = "iqn.2026-11.com.example:disk1", "iqn.2026-11.com.example:vault"
	for _, tt := range []struct{ prefix, list, there, remedy string }{
		{"portal/192.0.2.10", "portal list", "192.0.2.11:3260", "portal remove 192.0.2.10"},
		{"target/" + vault, "target list", name, "target remove " + vault},
		{"target/" + name, "target list", vault, "target remove " + name},
		{"target/" + vault, "target prune", "", "target remove " + vault},
		{"target/" + vault, "iscsicli ListTargets", name, "target remove " + vault},
		{"portal/192.0.2.10", "iscsicli ListTargetPortals", "192.0.2.11", "portal remove 192.0.2.10"},
		{"instance/san", "iscsicli ListInitiators", "host", "instance remove san"},
		{"instance/san", "instance list", "host", "instance remove san"},
		{"port/san/0000000000", "port list", "192.0.2.253", ""},
		{"policy/192.0.2.10", "ipsec policy list", "192.0.2.11/32", "ipsec policy remove 192.0.2.10"},
		{"psk/192.0.2.10", "ipsec psk list", "192.0.2.11", "ipsec psk remove 192.0.2.10"},
		{"tunnel/192.0.2.10", "ipsec tunnel list", "192.0.2.11", "ipsec tunnel remove 192.0.2.10"},
	} {
		t.Run(tt.list+" "+tt.prefix[:6], func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.files["/psk"] = "a preshared key"
			registry := filepath.Join(t.TempDir(), "registry.db")
			discover := func(line string, more ...string) ran {
				return l.discover(t.Context(), append(append(strings.Fields(line), more...), "--registry", registry)...)
			}
			want := func(status int, line string) {
				t.Helper()
				if r := discover(line); r.status != status {
					t.Fatalf("%s: %+v", line, r)
				}
			}
			want(exit.OK, "instance add san --interface eth1")
			for _, a := range []string{"192.0.2.10", "192.0.2.11"} {
				l.Portal(a+":3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: name}}})
				want(exit.OK, "portal add "+a)
				want(exit.OK, "ipsec policy add "+a+" off")
				want(exit.OK, "ipsec psk set "+a+" file:/psk")
				want(exit.OK, "ipsec tunnel set "+a+" 203.0.113.1")
			}
			want(exit.OK, "target add "+vault)
			damage(t, registry, tt.prefix)
			outputs := []string{render.FormatTable, render.FormatJSON, render.FormatJSONL}
			switch {
			case strings.HasPrefix(tt.list, "iscsicli"):
				outputs = outputs[:1]
			case tt.list == "target list":
				outputs = append(outputs, render.FormatISCSIADM)
			}
			for _, output := range outputs {
				r := discover(tt.list, "-o", output)
				told := r.stderr
				if output == render.FormatJSON || output == render.FormatJSONL {
					told = r.stdout
				}
				if output == render.FormatJSON && !json.Valid([]byte(r.stdout)) {
					t.Errorf("no document: %s", r.stdout)
				}
				found := strings.Contains(r.stdout, tt.there) || output == render.FormatISCSIADM && tt.there == vault // it has no address
				if r.status != exit.Partly || !strings.Contains(told, tt.prefix) || !strings.Contains(told, "is damaged: ") || !found {
					t.Errorf("%s -o %s: %+v", tt.list, output, r)
				}
			}
			if tt.remedy == "" {
				return
			}
			want(exit.OK, tt.remedy)
			want(exit.OK, tt.list)
		})
	}
}
