package verbs

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// fieldFlags has for each field of an entry, as portal list -o json prints it, the flag
// that takes its value; empty: it follows from other fields.
var fieldFlags = map[string]string{
	"instance": "instance", "initiator_port": "initiator-port", "symbolic_name": "symbolic-name", "security_flags": "security-flags",
	"initiator_name": "initiator-name", "auth_type": "", "username": "chap-user", "password": "", "password_ref": "chap-secret",
	"target_username": "target-user", "target_password": "", "target_password_ref": "target-secret", "chap_algorithms": "chap-algorithms",
	"chap_fallback": "chap-fallback", "chap_policy": "chap-policy", "short_secrets": "short-secrets", "header_digest": "header-digest", "data_digest": "data-digest",
	"max_connections": "max-connections", "default_time2wait": "default-time2wait", "default_time2retain": "default-time2retain",
	"login_flags": "login-flags", "redirect": "redirect", "redirect_names": "redirect-names", "bind_device": "bind-device",
	"key": "", "key_ref": "ipsec-psk", "local_id": "ipsec-id", "peer_id": "ipsec-peer-id", "proposals": "ipsec-proposals", "ike": "ipsec-ike", "outer": "ipsec-outer", "unknown": "ipsec-unknown",
}

// flagsOf returns the flags that set fields of an entry.
func flagsOf(t *testing.T, fields map[string]any) (args []string) {
	for field, value := range fields {
		flag, known := fieldFlags[field]
		if !known {
			t.Errorf("no flag takes %s", field)
		}
		var texts []string
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		for _, v := range list {
			b, _ := json.Marshal(v)
			texts = append(texts, strings.Trim(string(b), `"`))
		}
		if text := strings.Join(texts, ","); flag != "" && text != "" {
			args = append(args, "--"+flag+"="+text)
		}
	}
	return args
}

// entries returns the entries of a registry as it lists them, without what changes.
func entries(t *testing.T, discover func(...string) ran) []map[string]any {
	var document struct{ Portals []map[string]any }
	r := discover("portal", "list", "-o", "json")
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		t.Fatalf("got %v of %+v", err, r)
	}
	for _, p := range document.Portals {
		delete(p, "added")
		delete(p, "last_result")
	}
	return document.Portals
}

// TestPrintedPortalIsTakenBack (issue 19, 4): with the values that portal list prints an
// entry can be added again, and is the same.
func TestPrintedPortalIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"",
		"--instance host --initiator-port 0 --symbolic-name array1 --header-digest crc32c --data-digest prefer-crc32c --max-connections 4 --default-time2wait 1 --default-time2retain 2",
		"--chap-user u --chap-secret file:/secret --chap-policy preferred --chap-algorithms sha256,md5 --chap-fallback=false --short-secrets --redirect any --redirect-names --login-flags multipath,portal-hopping",
		"--chap-secret file:/secret --target-user t --target-secret file:/other --initiator-name iqn.2026-11.com.example:host1 --bind-device --login-flags require-ipsec --ipsec transport,pfs --ipsec-psk file:/secret --ipsec-id host1.example.com --ipsec-peer-id array.example.com --ipsec-proposals legacy --ipsec-ike 2 --ipsec-unknown refuse",
		"--ipsec tunnel --ipsec-psk file:/secret --ipsec-outer 192.0.2.1",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.files["/secret"], l.files["/other"] = "a secret of many bytes", "another secret of many bytes"
			run := func(args ...string) ran { return l.discover(t.Context(), args...) }
			in := func(registry string) func(...string) ran {
				return func(args ...string) ran { return run(append(args, "--registry", registry)...) }
			}
			first, second := in(filepath.Join(t.TempDir(), "a.db")), in(filepath.Join(t.TempDir(), "b.db"))
			first(append([]string{"portal", "add", "192.0.2.10:3261"}, strings.Fields(line)...)...)
			before := entries(t, first)
			if len(before) != 1 {
				t.Fatalf("got entries %v, want one", before)
			}
			args := []string{"portal", "add", before[0]["portal"].(string)}
			fields := map[string]any{}
			for name, v := range before[0] {
				if inner, ok := v.(map[string]any); ok {
					for name, v := range inner {
						fields[name] = v
					}
				} else if name != "portal" && v != "0x00" {
					fields[name] = v
				}
			}
			args = append(args, flagsOf(t, fields)...)
			if r := second(args...); r.status == exit.Usage {
				t.Fatalf("%v: got %+v", args, r)
			}
			if diff := cmp.Diff(before, entries(t, second)); diff != "" {
				t.Errorf("%v: entries differ (- first, + second):\n%s", args, diff)
			}
		})
	}
}

// TestPrintedIsTakenBack (issue 19, 4): what a list prints is what the verbs beside it take:
// a line is added or removed again by its own columns.
func TestPrintedIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		add, list, again string // $1 is the first column
		unknown          string // what the list has no more after again
	}{
		{"ipsec policy add tag=5 Transport", "ipsec policy list", "ipsec policy add $1 $3", ""},
		{"ipsec policy add 192.0.2.0/24 tunnel,main", "ipsec policy list", "ipsec policy add $1 $2", ""},
		{"ipsec policy add 2001:db8::/64 off", "ipsec policy list", "ipsec policy rm $1", "2001"},
		{"ipsec psk set 192.0.2.7 file:/secret --ipsec ike,pfs", "ipsec psk list", "ipsec psk set $1 $2 --ipsec $4", ""},
		{"ipsec psk set 192.0.2.7 file:/secret --ipsec ike,pfs", "ipsec psk list", "ipsec psk set $1 $2 --security-flags $3", ""},
		{"ipsec psk set group file:/secret", "ipsec psk list", "ipsec psk rm $1", "group"},
		{"ipsec tunnel set 2001:db8::5 2001:db8::1 --instance host --initiator-port 0", "ipsec tunnel list", "ipsec tunnel set $1 $2 --instance $3 --initiator-port $4", ""},
		{"ipsec tunnel set 192.0.2.7 192.0.2.1", "ipsec tunnel list", "ipsec tunnel rm $1", "192.0.2.7"},
		{"ipsec default transport,main", "ipsec default", "ipsec default $1", ""},
		{"ipsec default transport,main", "ipsec default", "ipsec default $2", ""},
		{"instance add san --address 192.0.2.254", "instance list", "instance add $1 --address $2", ""},
		{"target add iqn.2026-11.com.example:a --address 192.0.2.10:3260,1", "target list", "target add $1 --address $2", ""},
		{"portal add 192.0.2.10", "portal list", "portal rm $1 --instance $2 --initiator-port $3", "192.0.2.10"},
		{"portal add 192.0.2.10 --ipsec transport --ipsec-psk file:/secret", "portal list", "portal add $1 --instance $2 --initiator-port $3 --ipsec $4 --ipsec-psk file:/secret", ""},
	} {
		t.Run(tt.add+": "+tt.again, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.files["/secret"] = "a secret of many bytes"
			registry := filepath.Join(t.TempDir(), "registry.db")
			run := func(line string) ran {
				return l.discover(t.Context(), append(strings.Fields(line), "--registry", registry)...)
			}
			run(tt.add)
			before := run(tt.list)
			lines := strings.Split(strings.TrimSpace(before.stdout), "\n")
			columns := strings.Fields(lines[len(lines)-1])
			again := tt.again
			for i, c := range columns {
				again = strings.ReplaceAll(again, "$"+string(rune('1'+i)), c)
			}
			if r := run(again); r.status == exit.Usage || strings.Contains(again, "$") {
				t.Fatalf("%s: got %+v", again, r)
			}
			after := run(tt.list)
			if tt.unknown != "" {
				if strings.Contains(after.stdout, tt.unknown) {
					t.Errorf("%s: got %s", again, after.stdout)
				}
				return
			}
			if got := strings.Split(strings.TrimSpace(after.stdout), "\n"); strings.Fields(got[len(got)-1])[0] != columns[0] || len(got) != len(lines) {
				t.Errorf("%s: got\n%s\nwant\n%s", again, after.stdout, before.stdout)
			}
		})
	}
}
