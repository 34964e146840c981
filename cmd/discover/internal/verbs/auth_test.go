package verbs

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A result says which authentication happened, in each format that has results; what
// was tried and did not happen is not said to have.
func TestAuthInOutputs(t *testing.T) {
	t.Parallel()
	const hostile = "array\x1b[2J\"\u202e"
	chap := func(secret, name, proof string) *iscsitest.Target {
		return &iscsitest.Target{User: "host1", Secret: secret, MutualUser: name, MutualSecret: proof, Algorithm: "5"}
	}
	tests := []struct {
		name   string
		target *iscsitest.Target
		args   string
		json   string
		table  string // what follows the heading, where there is one
		failed bool
	}{
		{name: "none", target: &iscsitest.Target{}, json: `{"method":"none"}`},
		{name: "none, and refused", target: chap(ours, "", ""), json: `{"method":"none"}`, failed: true},
		{name: "CHAP", target: chap(ours, "", ""), args: "--chap-user host1 --chap-secret env:OURS", json: `{"method":"chap","algorithm":"md5","mutual":false}`, table: "  CHAP with MD5\n"},
		{
			name: "mutual CHAP", target: chap(ours, hostile, theirs), args: "--chap-user host1 --chap-secret env:OURS --target-secret env:THEIRS",
			json: `{"method":"chap","algorithm":"md5","mutual":true,"target_user":"array\u001b[2J\"\u202e"}`, table: `  CHAP with MD5, mutual (the target is "array\x1b[2J\"\u202e")` + "\n",
		},
		{name: "CHAP, refused", target: chap(theirs, "", ""), args: "--chap-user host1 --chap-secret env:OURS --chap-algorithms md5", json: `{"method":"none","attempted":"chap","algorithm":"md5"}`, failed: true},
		{
			name: "mutual CHAP, not proved", target: chap(ours, hostile, ours+"x"), args: "--chap-user host1 --chap-secret env:OURS --target-secret env:THEIRS --chap-algorithms md5",
			json: `{"method":"none","attempted":"chap","algorithm":"md5"}`, failed: true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t)
				l.env["OURS"], l.env["THEIRS"] = ours, theirs
				tt.target.Records = []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: []string{"192.0.2.10:3260,1"}}}
				l.Portal("192.0.2.10:3260", tt.target)
				scan := func(format string, args ...string) ran {
					args = append([]string{"scan", "-o", format, "192.0.2.10"}, args...)
					return l.discover(t.Context(), append(args, strings.Fields(tt.args)...)...)
				}
				for _, format := range []string{render.FormatJSON, render.FormatJSONL} {
					r := scan(format)
					if want := `"auth":` + tt.json + `,"elapsed_ms":`; strings.Count(r.stdout, want) != 1 || strings.Count(r.stdout, `"auth":`) != 1 {
						t.Errorf("-o %s: got %s, want %s in it", format, r.stdout, want)
					}
				}
				const row = "  iqn.2026-11.com.example:disk1  192.0.2.10:3260,1\n"
				table, lines := "192.0.2.10:3260: 1 target\n"+tt.table+row, "192.0.2.10:3260,1 iqn.2026-11.com.example:disk1\n"
				if tt.failed {
					table, lines = "", ""
				}
				if r := scan(render.FormatTable); r.stdout != table {
					t.Errorf("got %q, want %q", r.stdout, table)
				}
				if r := scan(render.FormatISCSIADM); r.stdout != lines {
					t.Errorf("got %q, want %q", r.stdout, lines)
				}
				matrix := scan(render.FormatTable, "--initiator-port", "each", "--registry", "/none")
				if how := strings.TrimSpace(tt.table); strings.Contains(matrix.stdout, "1 target, ") != (how != "") || !strings.Contains(matrix.stdout, how) {
					t.Errorf("got %q, want %q in it", matrix.stdout, how)
				}
			})
		})
	}
}

// What a verb could not do is a result, too, and has the field.
func TestAuthInFailures(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	discover := l.inRegistry(t)
	r := discover("portal", "remove", "-o", "json", "192.0.2.10")
	var document struct {
		Results []struct{ Auth map[string]any }
	}
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil || len(document.Results) != 1 || document.Results[0].Auth["method"] != "none" {
		t.Errorf("%v: got %+v", err, r)
	}
}
