package verbs

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// newCommand returns a command on a machine where nothing is set.
func newCommand() *command {
	return &command{Command: &app.Command{
		Env:    machine.Env{LookupEnv: func(string) (string, bool) { return "", false }, System: "linux"},
		Groups: make(map[*cobra.Command][]flags.Group),
	}}
}

// allVerbs returns the verbs that do something, by the words that call them.
func allVerbs(t *testing.T) map[string]*cobra.Command {
	t.Helper()
	verbs := make(map[string]*cobra.Command)
	var walk func(at *cobra.Command)
	walk = func(at *cobra.Command) {
		if !at.HasSubCommands() {
			verbs[flags.PathOf(at)] = at
		}
		for _, sub := range at.Commands() {
			walk(sub)
		}
	}
	walk(newCommand().root())
	if len(verbs) < 25 {
		t.Fatalf("got %d verbs: some are missed", len(verbs))
	}
	return verbs
}

// dryRuns has arguments for each verb that changes something: with them it does.
var dryRuns = map[string][]string{
	"portal add":                {"portal add 192.0.2.10", "portal add --instance host 192.0.2.10", "portal add 192.0.2.10 192.0.2.11"},
	"portal set":                {"portal set --instance host 192.0.2.10 --symbolic-name rack1"},
	"portal remove":             {"portal remove --instance host 192.0.2.10"},
	"portal refresh":            {"portal refresh", "portal refresh 192.0.2.10"},
	"watch":                     {"watch --now", "watch --now 192.0.2.10"},
	"isns add":                  {"isns add 192.0.2.5", "isns add --register 192.0.2.5:3205"},
	"isns refresh":              {"isns refresh", "isns refresh 192.0.2.5"},
	"isns remove":               {"isns remove 192.0.2.5"},
	"target add":                {"target add iqn.2026-11.com.example:new"},
	"target remove":             {"target remove iqn.2026-11.com.example:static"},
	"target prune":              {"target prune"},
	"registry rekey":            {"registry rekey"},
	"instance add":              {"instance add san --node-name iqn.2026-11.com.example:new", "instance add san", "instance add lan"},
	"instance remove":           {"instance remove san"},
	"initiator set-name":        {"initiator set-name iqn.2026-11.com.example:new", "initiator set-name"},
	"initiator set-chap-secret": {"initiator set-chap-secret env:SECRET", "initiator set-chap-secret"},
	"ipsec default":             {"ipsec default pfs", "ipsec default"},
	"ipsec cleanup":             {"ipsec cleanup", "ipsec cleanup --all"},
	"ipsec policy add":          {"ipsec policy add 198.51.100.0/24 pfs", "ipsec policy add 203.0.113.0/24 pfs"},
	"ipsec policy remove":       {"ipsec policy remove 198.51.100.0/24"},
	"ipsec psk set":             {"ipsec psk set group env:SECRET"},
	"ipsec psk remove":          {"ipsec psk remove group"},
	"ipsec tunnel set":          {"ipsec tunnel set 192.0.2.10 192.0.2.3"},
	"ipsec tunnel remove":       {"ipsec tunnel remove 192.0.2.10"},
	"iscsicli": {
		"iscsicli AddTargetPortal 192.0.2.10 3260", "iscsicli QAddTargetPortal 192.0.2.10", "iscsicli RemoveTargetPortal 192.0.2.10 3260 host *",
		"iscsicli RefreshTargetPortal 192.0.2.10 3260", "iscsicli ListTargetPortals", "iscsicli ListTargets T", "iscsicli Ping * 192.0.2.10 1",
		"iscsicli QAddTarget iqn.2026-11.com.example:new *", "iscsicli RemoveTarget iqn.2026-11.com.example:static",
		"iscsicli NodeName iqn.2026-11.com.example:new", "iscsicli CHAPSecret env:SECRET", "iscsicli GroupKey env:SECRET T",
		"iscsicli PSKey * * * 1 192.0.2.10 env:SECRET T", "iscsicli TunnelAddr * * 192.0.2.10 192.0.2.3 T",
	},
}

// dryLab is a lab with a registry of its own: that of a template, where there is one.
func dryLab(t *testing.T, template string) (l *lab, registry string) {
	t.Helper()
	l = newLab(t)
	l.Portal("192.0.2.10:3260", twoTargets())
	l.Portal("192.0.2.11:3260", twoTargets())
	l.isns(t, isnstest.Config{})
	l.env["SECRET"] = "secret-of-host-1"
	l.cleanIPsec = func(_ context.Context, _, dry bool) ([]strongswan.Leftover, error) {
		return []strongswan.Leftover{{Name: "iscsi-discovery-1", Owner: "gone", Removed: !dry}}, nil
	}
	folder := filepath.Join(t.TempDir(), "registry")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if template != "" {
		if err := os.CopyFS(folder, os.DirFS(filepath.Dir(template))); err != nil {
			t.Fatal(err)
		}
		for _, f := range []string{"registry.db", "registry.key"} {
			if err := os.Chmod(filepath.Join(folder, f), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return l, filepath.Join(folder, "registry.db")
}

// fill puts something of everything into a registry, two targets to prune with it.
func (l *lab) fill(t *testing.T, registry string) {
	t.Helper()
	for _, args := range []string{
		"isns add 192.0.2.5", "portal add 192.0.2.10", "portal remove 192.0.2.10", "portal add 192.0.2.10 --instance host", "target add iqn.2026-11.com.example:static",
		"instance add san --interface eth0", "initiator set-name iqn.2026-11.com.example:old", "ipsec policy add 198.51.100.0/24 transport", "ipsec psk set group env:SECRET",
		"ipsec tunnel set 192.0.2.10 192.0.2.2", "ipsec default off",
	} {
		if r := l.discover(t.Context(), append(strings.Fields(args), "--registry", registry)...); r.status != exit.OK {
			t.Fatalf("%s: %+v", args, r)
		}
	}
}

// TestDryRun (issue 13, 25): each verb that has --dry-run says on standard output, and
// there alone, that it is one, in each format, so that what it prints cannot be taken
// for what the run itself prints. Nothing is stored, and nothing is sent.
func TestDryRun(t *testing.T) {
	t.Parallel()
	for verb, cmd := range allVerbs(t) {
		if cmd.Flags().Lookup("dry-run") == nil {
			continue
		}
		if len(dryRuns[verb]) == 0 {
			t.Errorf("%s has --dry-run and is not in this test", verb)
		}
	}
	l, template := dryLab(t, "")
	l.fill(t, template)
	for _, lines := range dryRuns {
		for _, line := range lines {
			t.Run(line, func(t *testing.T) {
				t.Parallel()
				testDryRun(t, line, template)
			})
		}
	}
}

func testDryRun(t *testing.T, line, template string) {
	l, registry := dryLab(t, template)
	before := registryText(t, l, registry)
	tool := strings.HasPrefix(line, "iscsicli")
	formats := []string{render.FormatTable, render.FormatJSON, render.FormatJSONL}
	if tool {
		formats = formats[:1]
	}
	for _, format := range formats {
		args := append(strings.Fields(line), "-o", format, "--registry", registry, "--dry-run")
		r := l.discover(t.Context(), args...)
		if r.status != exit.OK || strings.Contains(strings.ToLower(r.stderr), "dry run") {
			t.Errorf("%s: got %+v, want success and nothing of the dry run on standard error", format, r)
		}
		if !saysDryRun(t, r.stdout, format, tool) {
			t.Errorf("%s: it does not say that it is a dry run: %s", format, r.stdout)
		}
	}
	if len(l.Dials()) > 0 {
		t.Errorf("got dials %v", l.Dials())
	}
	if after := registryText(t, l, registry); after != before {
		t.Errorf("the registry was\n%s\nand is\n%s", before, after)
	}
	ctx := t.Context()
	if strings.HasPrefix(line, "watch") { // which has no end of its own
		var cancel func()
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go func() {
			for ctx.Err() == nil && len(l.Dials()) == 0 { // the registry is open, and a portal is asked
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
	}
	r := l.discover(ctx, append(strings.Fields(line), "--registry", registry)...)
	if r.status != exit.OK || saysDryRun(t, r.stdout, render.FormatTable, tool) {
		t.Errorf("the run itself: got %+v, want success and nothing of a dry run", r)
	}
}

// saysDryRun reports that an answer says that it is one of a dry run: people read it
// in the first line of what there is, programs in each document or line.
func saysDryRun(t *testing.T, stdout, format string, tool bool) bool {
	t.Helper()
	switch {
	case tool:
		return strings.HasPrefix(stdout, banner+"Dry run: nothing is stored, and nothing is sent.\n")
	case format == render.FormatTable:
		return strings.HasPrefix(stdout, "dry run: ")
	}
	for decoder := json.NewDecoder(strings.NewReader(stdout)); decoder.More(); {
		var document struct {
			DryRun bool `json:"dry_run"`
		}
		if err := decoder.Decode(&document); err != nil {
			t.Fatalf("%v in %s", err, stdout)
		}
		if !document.DryRun {
			return false
		}
	}
	return true
}

// registryText returns all that the registry has, as its verbs show it, and the files
// that are there.
func registryText(t *testing.T, l *lab, registry string) string {
	t.Helper()
	var b strings.Builder
	for _, args := range []string{"portal list", "target list", "instance list", "initiator show", "ipsec default", "ipsec policy list", "ipsec psk list", "ipsec tunnel list"} {
		r := l.discover(t.Context(), append(strings.Fields(args), "-o", "json", "--registry", registry)...)
		b.WriteString(r.stdout)
	}
	files, err := os.ReadDir(filepath.Dir(registry))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b.WriteString(f.Name() + "\n")
	}
	return b.String()
}
