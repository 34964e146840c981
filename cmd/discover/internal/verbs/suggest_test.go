package verbs

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// TestSuggestions (issue 19, 4): an error says which verb or flag may have been meant.
// Nothing is run, and no value of an unknown flag is repeated.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, want string }{
		{"list", `unknown verb "list" (did you mean instance list, isns list, port list, portal list or target list?); see discover help`},
		{"ls", `unknown verb "ls" (did you mean instance list, isns list, port list, portal list or target list?); see discover help`},
		{"add 192.0.2.10", `unknown verb "add" (did you mean portal add?); see discover help`},
		{"add iqn.2026-11.com.example:a", `unknown verb "add" (did you mean target add?); see discover help`},
		{"delete 192.0.2.10:3260", `unknown verb "delete" (did you mean portal remove?); see discover help`},
		{"discover 192.0.2.10", `unknown verb "discover" (did you mean scan?); see discover help`},
		{"discovery", `unknown verb "discovery" (did you mean scan?); see discover help`},
		{"SCAN 192.0.2.10", `unknown verb "SCAN" (did you mean scan?); see discover help`},
		{"192.0.2.10", `unknown verb "192.0.2.10" (did you mean scan 192.0.2.10?); see discover help`},
		{"policy list", `unknown verb "policy" (did you mean ipsec policy?); see discover help`},
		{"portal delete 192.0.2.10", `unknown verb "portal delete" (did you mean remove?); see discover help portal`},
		{"user%hunter2@192.0.2.10", "an argument stands where a verb goes: try discover scan PORTAL; see discover help"},
		{"help ls", `there is no manual for "ls" (did you mean instance list, isns list, port list, portal list or target list?); see discover help`},
		{"scan 192.0.2.10 -timeout 5s", "unknown flag -timeout (did you mean --timeout?); see discover help scan"},
		{"scan 192.0.2.10 -chap-secret=hunter2", "unknown flag -chap-secret (did you mean --chap-secret?); see discover help scan"},
		{"scan 192.0.2.10 -output json", "unknown flag -output (did you mean --output?); see discover help scan"},
		{"scan 192.0.2.10 --json", "unknown flag --json (did you mean -o json?); see discover help scan"},
		{"scan 192.0.2.10 --Timeout 5", "unknown flag --Timeout (did you mean --timeout?); see discover help scan"},
		{"scan 192.0.2.10 --username u", "unknown flag --username (did you mean --chap-user?); see discover help scan"},
		{"scan 192.0.2.10 --password hunter2", "unknown flag --password (did you mean --chap-secret?); see discover help scan"},
		{"scan 192.0.2.10 --password=hunter2", "unknown flag --password (did you mean --chap-secret?); see discover help scan"},
		{"scan 192.0.2.10 --chap-secret:hunter2", "unknown flag --chap-secret (did you mean --chap-secret REF?); see discover help scan"},
		{"scan 192.0.2.10 --password:hunter2", "unknown flag --password (did you mean --chap-secret?); see discover help scan"},
		{"scan 192.0.2.10 -chap-secret:hunter2", "unknown flag -chap-secret (did you mean --chap-secret?); see discover help scan"},
		{"--password hunter2 scan 192.0.2.10", "unknown flag --password (did you mean --chap-secret?); see discover help"},
		{"portal --secret hunter2 add 192.0.2.10", "unknown flag --secret; see discover help portal"},
		{"-chap-secret hunter2 scan 192.0.2.10", "unknown flag -chap-secret (did you mean --chap-secret?); see discover help"},
		{"-output json scan 192.0.2.10", "unknown flag -output (did you mean --output?); see discover help"},
		{"-x hunter2 scan 192.0.2.10", "unknown flag -x; see discover help"},
		{"portal list --refresh", "unknown flag --refresh, which belongs to paths and target list; see discover help portal list"},
		{"scan 192.0.2.10 --chap-secret env:X --chap-policy requird", `--chap-policy "requird": expected one of required, preferred (did you mean required?)`},
		{"scan 192.0.2.10 -o JSN", `--output "JSN": expected one of table, json, jsonl, iscsiadm (did you mean json?)`},
		{"scan 192.0.2.10 --timeout 5M", `--timeout "5M": the unit M can mean minutes or months: write m for minutes, or d for days`},
		{"scan 192.0.2.10 --max-text 64MB", `--max-text "64MB": MB can mean powers of 1000 or of 1024: write MiB for powers of 1024, or the number of bytes`},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			l.discover(t.Context(), strings.Fields(tt.args)...).want(t, exit.Usage, "", "discover: "+tt.want+"\n")
			if got := l.Dials(); len(got) > 0 {
				t.Errorf("got dials %v, want none", got)
			}
		})
	}
}

// TestAliases (issue 19, 4): ls and rm stand for list and remove below each noun, and are
// not in the help.
func TestAliases(t *testing.T) {
	t.Parallel()
	registry := filepath.Join(t.TempDir(), "registry.db")
	l := newLab(t)
	run := func(line string) ran {
		return l.discover(t.Context(), append(strings.Fields(line), "--registry", registry)...)
	}
	run("target add iqn.2026-11.com.example:a")
	if r := run("target ls"); r.status != exit.OK || !strings.Contains(r.stdout, "iqn.2026-11.com.example:a") {
		t.Errorf("got %+v, want the target", r)
	}
	if r := run("-o json target rm iqn.2026-11.com.example:a"); r.status != exit.OK || !strings.Contains(r.stdout, `"removed"`) {
		t.Errorf("got %+v, want the target to be removed", r)
	}
	for verb := range allVerbs(t) {
		noun, found := strings.CutSuffix(verb, " list")
		if !found {
			continue
		}
		if r := run(noun + " ls --help"); r.status != exit.OK || r.stdout != run("help "+verb).stdout {
			t.Errorf("%s ls: got %+v, want the manual of list", noun, r)
		}
		if manual := run("help " + noun).stdout; strings.Contains(manual, "\n  ls ") {
			t.Errorf("%s: the alias is in the help", noun)
		}
	}
}

// TestLenientValues (issue 19, 4): values as users paste them do what is meant.
func TestLenientValues(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"192.0.2.10:3260,1", "192.0.2.10 --timeout 5", "192.0.2.10 --timeout 1D", "192.0.2.10 --max-text 64MiB",
		"192.0.2.10 --header-digest None", "192.0.2.10 --redirect Same-Host --output ISCSIADM", "@lines", "192.0.2.10 --initiator-name iqn.2026-11.com.example:host1 --ipsec Off",
	} {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		l.files["lines"] = l.discover(t.Context(), "scan", "-o", "iscsiadm", "192.0.2.10").stdout
		l.files["lines"] = strings.ReplaceAll(l.files["lines"], "[2001:db8::10]:3260,1", "192.0.2.10:3260,1")
		before := len(l.Dials())
		r := l.discover(t.Context(), append([]string{"scan"}, strings.Fields(args)...)...)
		if r.status != exit.OK || !strings.Contains(r.stdout, "iqn.2026-11.com.example:disk1") || len(l.Dials()) != before+1 {
			t.Errorf("%s: got %+v and %d dials, want two targets of one dial", args, r, len(l.Dials())-before)
		}
	}
}
