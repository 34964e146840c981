package verbs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/fleetprogram"
	"github.com/go-iscsi/discovery/cmd/discover/internal/guides"
	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
)

// withHelp returns all verbs that have help, by the words that call them: also those that
// only stand before others, and the command itself.
func withHelp(t *testing.T) map[string]*cobra.Command {
	t.Helper()
	all := allVerbs(t)
	for path, cmd := range allVerbs(t) {
		for ; cmd != nil; cmd = cmd.Parent() {
			path = flags.PathOf(cmd)
			all[path] = cmd
		}
	}
	return all
}

// hasOwnFlags reports a verb whose flags are those of another program.
func hasOwnFlags(path string) bool { return path == ISCSIADM || path == fleetprogram.Name }

// TestLongHelp (issue 19, 5): the usage comes first, then the text and every flag, and
// nothing is wider than a terminal of 80 columns.
func TestLongHelp(t *testing.T) {
	t.Parallel()
	for path, cmd := range withHelp(t) {
		lines := [][]string{append([]string{"help"}, strings.Fields(path)...)}
		if path != ISCSIADM { // which has the help of open-iscsi's tool
			lines = append(lines, append(strings.Fields(path), "--help"), append([]string{"--help"}, strings.Fields(path)...))
		}
		for _, args := range lines {
			r := newLab(t).discover(t.Context(), args...)
			if r.status != exit.OK || r.stderr != "" || !strings.HasPrefix(r.stdout, "Usage: discover ") {
				t.Errorf("%v: got %+v, want the help", args, r)
			}
			wantNarrow(t, args, r.stdout)
			for _, set := range []*pflag.FlagSet{cmd.Flags(), cmd.Root().PersistentFlags()} {
				set.VisitAll(func(f *pflag.Flag) {
					if !f.Hidden && f.Name != "version" && f.Name != cmd.Annotations[flags.Refused] && !hasOwnFlags(path) && !strings.Contains(r.stdout, "--"+f.Name+" ") && !strings.Contains(r.stdout, "--"+f.Name+"\n") && !strings.Contains(r.stdout, "--"+f.Name+"[") {
						t.Errorf("%v: --%s is not in the help", args, f.Name)
					}
				})
			}
		}
	}
}

// TestHelpHasWhatIsTaken: a verb's help has no flag twice, and none that the verb refuses.
func TestHelpHasWhatIsTaken(t *testing.T) {
	t.Parallel()
	for path, cmd := range withHelp(t) {
		want := 1
		if hasOwnFlags(path) || cmd.Annotations[flags.Refused] == "output" {
			want = 0
		}
		for _, args := range [][]string{append([]string{"help"}, strings.Fields(path)...), append([]string{"man"}, strings.Fields(path)...)} {
			r := newLab(t).discover(t.Context(), args...)
			if n := strings.Count(strings.ReplaceAll(r.stdout, `\-`, "-"), `--output`); n != want {
				t.Errorf("%v: got --output %d times, want %d", args, n, want)
			}
		}
		if refused := cmd.Annotations[flags.Refused]; refused != "" {
			if r := newLab(t).discover(t.Context(), "help", path); strings.Contains(r.stdout, "  --"+refused+" ") {
				t.Errorf("help %s: got --%s, which is refused: %s", path, refused, r.stdout)
			}
		}
		if r := newLab(t).discover(t.Context(), append(strings.Fields(path), "-h")...); strings.Count(r.stdout, "--output") > want {
			t.Errorf("%s -h: got --output more often than %d times: %s", path, want, r.stdout)
		}
	}
}

// TestShortHelp (issue 19, 5): -h fits a terminal of 24 lines and 80 columns, with the
// prompt of the shell below it, and each flag takes one line.
func TestShortHelp(t *testing.T) {
	t.Parallel()
	for path := range withHelp(t) {
		if path == ISCSIADM {
			continue
		}
		args := append(strings.Fields(path), "-h")
		r := newLab(t).discover(t.Context(), args...)
		if r.status != exit.OK || r.stderr != "" || !strings.HasPrefix(r.stdout, "Usage: discover ") || !strings.Contains(r.stdout, "discover help "+path) && !strings.Contains(r.stdout, " VERB -h\n") {
			t.Errorf("%v: got %+v, want the short help", args, r)
		}
		if n := strings.Count(r.stdout, "\n"); n > 23 {
			t.Errorf("%v: got %d lines:\n%s", args, n, r.stdout)
		}
		if strings.Contains(r.stdout, "…") || strings.Contains(r.stdout, "\n"+strings.Repeat(" ", 28)) {
			t.Errorf("%v: the first clause of a flag's text, up to a semicolon, has no room in its line:\n%s", args, r.stdout)
		}
		wantNarrow(t, args, r.stdout)
	}
}

func wantNarrow(t *testing.T, args []string, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := column.Width(strings.TrimSuffix(line, "\n")); n > column.LineLength {
			t.Errorf("%v: got a line of %d columns: %s", args, n, line)
		}
	}
}

// TestFlagsOfShortHelp: of a verb with many flags, those that are used most are there, and
// -h does not run the verb, whatever else stands on the command line.
func TestFlagsOfShortHelp(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	r := l.discover(t.Context(), "scan", "-h", "192.0.2.10")
	for _, want := range []string{
		"\n  -o, --output FORMAT       table (the default), json, jsonl or iscsiadm\n",
		"\n  --chap-secret REF         secret we authenticate with\n",
		"\n  --timeout DURATION        total time allowed per portal; default 15s\n",
		"\nExamples:\n  discover scan 192.0.2.10 ",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("got %q, want %q in it", r.stdout, want)
		}
	}
	if strings.Contains(r.stdout, "--default-time2wait") || len(l.Dials()) > 0 {
		t.Errorf("got %q and dials %v", r.stdout, l.Dials())
	}
}

// TestVerbsByUse: the overview has each verb once, and scan first.
func TestVerbsByUse(t *testing.T) {
	t.Parallel()
	times := make(map[string]int)
	for _, g := range verbGroups() {
		for _, name := range g.verbs {
			times[name]++
		}
	}
	for path := range withHelp(t) {
		if name, _, below := strings.Cut(path, " "); !below && name != "" && times[name] != 1 {
			t.Errorf("%s is %d times in verbGroups, want 1", name, times[name])
		}
	}
	r := newLab(t).discover(t.Context(), "help")
	if _, after, _ := strings.Cut(r.stdout, "\nAsk portals:\n"); !strings.HasPrefix(after, "  scan ") {
		t.Errorf("got %s, want scan first", r.stdout)
	}
}

// TestMan (issue 19, 5): a page for each verb, to standard output or all of them into a
// folder. It says nothing about the host on which it was made.
func TestMan(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.env["HOME"] = "/home/of-this-host"
	r := l.discover(t.Context(), "man", "portal", "add")
	for _, want := range []string{
		`.TH "DISCOVER\-PORTAL\-ADD" "1" `,
		"\n.SH \"NAME\"\ndiscover\\-portal\\-add \\- ",
		"\n.TP\n\\fB\\-\\-timeout\\fR\\fI DURATION\\fR\ntotal time allowed per portal; default 15s\n",
		"\n.TP\n\\fB\\-o\\fR, \\fB\\-\\-output\\fR\\fI FORMAT\\fR\n",
		`\fBdiscover\-portal\fR(1)`,
		"for other users discover/registry.db in $XDG_STATE_HOME ", // wherever the page was made
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("got %s, want %q in it", r.stdout, want)
		}
	}
	dir := t.TempDir()
	folder, ofGuides := filepath.Join(dir, "man1"), filepath.Join(dir, "man7")
	for range 2 { // the second time in the place of the first
		r = l.discover(t.Context(), "man", "--dir", folder)
		if r.status != exit.OK || r.stderr != "" || !strings.HasPrefix(r.stdout, "wrote ") || !strings.HasSuffix(r.stdout, " man pages to "+ofGuides+"\n") {
			t.Fatalf("got %+v", r)
		}
	}
	var want []string
	for path := range withHelp(t) {
		want = append(want, strings.ReplaceAll(strings.TrimSpace("discover "+path), " ", "-")+".1")
	}
	wantManPages(t, folder, want)
	want = nil
	for _, topic := range guides.All() {
		want = append(want, strings.Replace(topic.Man(), "(7)", ".7", 1))
	}
	wantManPages(t, ofGuides, want)

	elsewhere := filepath.Join(dir, "pages") // not the folder of a section: all are there
	if r := l.discover(t.Context(), "man", "--dir", elsewhere); r.status != exit.OK {
		t.Fatalf("got %+v", r)
	}
	for _, name := range []string{"discover.1", "discover-systemd.7"} {
		if _, err := os.Stat(filepath.Join(elsewhere, name)); err != nil {
			t.Error(err)
		}
	}
}

// wantManPages compares the files of a folder, which are man pages that all users may read.
func wantManPages(t *testing.T, folder string, want []string) {
	t.Helper()
	slices.Sort(want)
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
		page, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil || strings.Contains(string(page), "of-this-host") || !strings.HasPrefix(string(page), ".TH ") {
			t.Errorf("%s: got %v, %s", e.Name(), err, page)
		}
		if info, err := e.Info(); err != nil || info.Mode().Perm()&0o444 != 0o444 {
			t.Errorf("%s: got %v, %v, want that all users may read it", e.Name(), info, err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestGuides: help and man print a guide by its name; where a verb has the name, too, the
// word guide stands before it.
func TestGuides(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	systemd, _ := guides.Find("systemd")
	iscsiadm, _ := guides.Find("iscsiadm")
	for _, tt := range []struct{ line, want string }{
		{"help systemd", systemd.Title + "\n====="},
		{"help guide systemd", systemd.Title + "\n====="},
		{"help guide iscsiadm", iscsiadm.Title + "\n====="},
		{"help iscsiadm", "Usage: discover iscsiadm "},
		{"man systemd", `.TH "DISCOVER\-SYSTEMD" "7" `},
		{"man guide iscsiadm", `.TH "DISCOVER\-ISCSIADM" "7" `},
		{"man iscsiadm", `.TH "DISCOVER\-ISCSIADM" "1" `},
		{"help guide", guides.All()[0].Name + " "},
	} {
		if r := l.discover(t.Context(), strings.Fields(tt.line)...); r.status != exit.OK || !strings.HasPrefix(r.stdout, tt.want) {
			t.Errorf("%s: got %d, %.100q and %q, want %q first", tt.line, r.status, r.stdout, r.stderr, tt.want)
		}
	}
	for _, tt := range []struct{ line, want string }{
		{"man guide", "man guide needs the name of a guide; see discover help guide"},
		{"help guide sytemd", `there is no guide "sytemd" (did you mean systemd?); see discover help guide`},
		{"man sytemd", `there is no manual for "sytemd" (did you mean systemd?); see discover help`},
		{"help guide systemd more", `there is no manual for "guide"; see discover help`},
		{"help portal systemd", `there is no manual for "portal systemd"; see discover help portal`},
	} {
		if r := l.discover(t.Context(), strings.Fields(tt.line)...); r.status != exit.Usage || r.stderr != "discover: "+tt.want+"\n" {
			t.Errorf("%s: got %+v, want %s", tt.line, r, tt.want)
		}
	}
	if r := l.discover(t.Context(), "man"); !strings.Contains(r.stdout, ".SH \"GUIDES\"\n") || !strings.Contains(r.stdout, "\n.TP\n\\fBdiscover\\-systemd\\fR(7)\n") {
		t.Errorf("got %.300s, want the guides", r.stdout)
	}
	if r := l.discover(t.Context(), "man", "scan"); !strings.HasSuffix(r.stdout, "(7)\n") {
		t.Errorf("got %.300s, want guides that show scan", r.stdout)
	}
	if r := l.discover(t.Context(), "help"); !strings.Contains(r.stdout, "\nGuides (discover help guide NAME):\n  ") {
		t.Errorf("got %.300s, want the guides", r.stdout)
	}
	inRegistry := l.inDefaultRegistry(t)
	for _, verb := range []string{"help", "man"} {
		if got := offered(t, inRegistry, verb, "system"); !slices.Equal(got, []string{"systemd"}) {
			t.Errorf("%s: got %v", verb, got)
		}
		if got := offered(t, inRegistry, verb, "iscsi"); !slices.Equal(got, []string{"iscsiadm", "iscsicli"}) {
			t.Errorf("%s: got %v", verb, got)
		}
		if got := offered(t, inRegistry, verb, "guide", "iscsi"); !slices.Equal(got, []string{"iscsiadm"}) {
			t.Errorf("%s guide: got %v", verb, got)
		}
	}
}
