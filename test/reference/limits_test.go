package reference

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const limitsPage = "docs/reference/limits.md"

const (
	generatedBegin = "<!-- From here on written by scripts/docs, out of the constants of the code. -->\n"
	generatedEnd   = "<!-- Up to here. -->\n"
)

// A bound is a row of the page. Each %s in most stands for a constant of the code.
type bound struct {
	what, most string
	from       []limit
	change     string // how it is changed; empty: it cannot be
}

// A limit is a constant, or a field of one literal, and how it is written.
type limit struct {
	folder, name string
	as           func(int64) string
}

const (
	engine  = "pkg/initiator"
	session = "pkg/initiator/internal/session"
	command = "cmd/internal/machine"
)

// bounds are the rows.
var bounds = []bound{
	{"time for a portal", "%s, and %s for its logout", []limit{{engine, "DefaultTimeout", seconds}, {engine, "logoutWait", seconds}}, "`--timeout`, `--connect-timeout`, `--login-timeout`, `--response-timeout`"},
	{"sessions at once", "%s", []limit{{engine, "DefaultParallel", plain}}, "`--parallel`"},
	{"connections in progress at once", "%s, or half of the limit of open files", []limit{{engine, "MaxConnecting", plain}}, "`--connecting` (fewer), `--rate`"},
	{"addresses in a run", "%s", []limit{{"cmd/internal/sweep", "maxAddresses", plain}}, ""},
	{"hops of a redirected login", "%s", []limit{{engine, "MaxRedirects", plain}}, "`--redirect none`"},
	{"further tries of a portal", "none, and 1 where the registry is refreshed; at most %s", []limit{{engine, "MaxRetries", plain}}, "`--retries`"},
	{"probes of advertised addresses", "%s for a run, %s each", []limit{{engine, "MaxProbes", plain}, {engine, "ProbeTimeout", seconds}}, ""},
	{"an answer", "%s of text and %s targets", []limit{{session, "DefaultMaxText", bytes}, {engine, "DefaultMaxTargets", plain}}, "`--max-text`, `--max-targets`"},
	{"an answer that is not streamed: `scan` with `-o json`, the table or `--initiator-port each`", "%s of text", []limit{{command, "Text", bytes}}, "`--max-text`"},
	{"targets of the portal whose turn it is: `-o json`, and the table with `--initiator-port each`", "%s in memory", []limit{{command, "Collected", bytes}}, ""},
	{"targets of all portals that wait for those before them: all formats but `-o jsonl`; failed results of `target list --refresh`", "%s in memory", []limit{{command, "Waiting", bytes}}, ""},
	{"targets whose addresses are not known yet: `--probe`, and `--via-portal` for a name", "%s in memory", []limit{{command, "Viewed", bytes}}, ""},
	{"targets of `portal add`, `set`, `refresh`, `target list --refresh`, `iscsicli`", "%s in memory, %s of text", []limit{{command, "Service", bytes}, {engine, "MaxCollectedText", bytes}}, ""},
	{"an answer of an iSNS server", "%s targets, %s portals of each, 2 KiB of memory for each target (128 MiB)", []limit{{"pkg/initiator/isns", "DefaultMaxTargets", plain}, {"pkg/initiator/isns", "defaultMaxPortals", plain}}, "`--max-targets`"},
	{"portals given more than once", "half of the memory of those that wait, and %s of results", []limit{{"cmd/internal/sweep", "spareRoom", bytes}}, ""},
	{"addresses of a target", "%s", []limit{{"pkg/initiator/target", "maxAddresses", plain}}, ""},
	{"warnings of a portal", "%s, the rest is counted", []limit{{engine, "maxWarnings", plain}}, ""},
	{"login", "%s requests, %s of text", []limit{{session, "maxLoginRounds", plain}, {session, "maxLoginText", bytes}}, ""},
	{"an iSCSI name", "%s bytes", []limit{{"pkg/initiator/name", "MaxLen", plain}}, ""},
	{"a CHAP secret", "%s to %s bytes", []limit{{"pkg/auth", "minSecretLen", plain}, {"pkg/auth", "maxSecretLen", plain}}, "`--short-secrets`"},
	{"a file with a secret", "%s bytes", []limit{{"cmd/internal/flags", "maxSecretFile", plain}}, ""},
	{"interval of `watch`", "%s, at least %s; a portal that fails: %s intervals", []limit{{"pkg/initiator/watch", "DefaultEvery", seconds}, {"pkg/initiator/watch", "MinEvery", seconds}, {"pkg/initiator/watch", "MaxBackOff", plain}}, "`--every`, `--jitter`"},
	{"answers that agree before `watch` reports a change", "%s, and %s for a target that vanishes; at most %s", []limit{{"pkg/initiator/watch", "DefaultHold", plain}, {"pkg/initiator/watch", "DefaultHoldVanished", plain}, {"pkg/initiator/watch", "MaxHold", plain}}, "`--hold`, `--hold-vanished`"},
	{"a fleet: hosts, paths of a host, targets of a published answer", "%s, %s, %s", []limit{{"pkg/initiator/fleet/view", "MaxHosts", plain}, {"pkg/initiator/fleet", "MaxPaths", plain}, {"pkg/initiator/fleet", "MaxTargets", plain}}, ""},
	{"a fleet: records of its configuration, and a record", "%s, %s", []limit{{"pkg/initiator/fleet/host", "MaxConfig", plain}, {"pkg/initiator/fleet", "MaxRecordLen", bytes}}, ""},
	{"a fleet: different targets of `fleet targets`", "%s", []limit{{"cmd/internal/fleetview", "MaxSeen", plain}}, ""},
	{"a fleet: targets of all lists that `fleet targets` counts", "%s", []limit{{"cmd/internal/fleetview", "MaxSightings", plain}}, ""},
	{"what `watch` remembers of targets", "%s", []limit{{"pkg/initiator/watch", "DefaultMaxRemembered", bytes}}, ""},
}

// TestLimitsPage (issue 20): the table of docs/reference/limits.md has what the constants of
// the code say.
func TestLimitsPage(t *testing.T) {
	t.Parallel()
	page := readPage(t, limitsPage)
	before, rest, begun := strings.Cut(page, generatedBegin)
	_, after, ended := strings.Cut(rest, generatedEnd)
	if !begun || !ended {
		t.Fatalf("%s has no place for the bounds", limitsPage)
	}
	var b strings.Builder
	b.WriteString("\n| what | at most | changed by |\n| --- | --- | --- |\n")
	for _, r := range bounds {
		values := make([]any, len(r.from))
		for i, l := range r.from {
			values[i] = l.as(valueOf(t, l))
		}
		b.WriteString(row(r.what, fmt.Sprintf(r.most, values...), r.change))
	}
	holdPage(t, limitsPage, before+generatedBegin+b.String()+"\n"+generatedEnd+after)
}

// ofOthers are variables that packages of others read: systemd's, in discoverd, and Go.
var ofOthers = []string{"NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "WATCHDOG_USEC", "GODEBUG", "GOGC", "GOMEMLIMIT"}

// TestEnvironment: the page has each variable of the environment that the commands read, and
// no other.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	page := readPage(t, limitsPage)
	s := sourceOf(t, "cmd")
	read, texts := slices.Clone(ofOthers), make(map[string]bool)
	for _, f := range s.files {
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				texts[strings.Trim(lit.Value, "\"`")] = true
			}
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			if name := baseName(call.Fun); name == "LookupEnv" || name == "env" {
				if text, ok := written(call.Args[0], nil); ok {
					read = append(read, text)
				}
			}
			return true
		})
	}
	for _, c := range s.constants("") {
		if strings.HasSuffix(c.name, "Variable") || c.name == "PaceSetting" {
			read = append(read, c.text(t))
		}
	}
	if len(read) < 8+len(ofOthers) {
		t.Fatalf("got variables %q, want those of the code", read)
	}
	for _, name := range read {
		if !regexp.MustCompile("`" + regexp.QuoteMeta(name) + "[`=]").MatchString(page) {
			t.Errorf("%s does not have the variable %s", limitsPage, name)
		}
	}
	_, table, _ := strings.Cut(page, "\n## Environment\n")
	table, _, _ = strings.Cut(table, "\n## ")
	for line := range strings.Lines(table) {
		cells := strings.Split(line, " | ")
		for _, m := range regexp.MustCompile("`([A-Za-z_]+)").FindAllStringSubmatch(cells[0], -1) {
			if !texts[m[1]] && !slices.Contains(ofOthers, m[1]) {
				t.Errorf("%s has the variable %s, which nothing reads", limitsPage, m[1])
			}
		}
	}
}

// valueOf is the value of a constant of a folder, or of a field where it is set. There is
// one.
func valueOf(t *testing.T, l limit) int64 {
	t.Helper()
	var found []ast.Expr
	s := sourceOf(t, l.folder)
	for i, f := range s.files {
		if path.Dir(s.paths[i]) != l.folder {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if name.Name == l.name && i < len(n.Values) {
						found = append(found, n.Values[i])
					}
				}
			case *ast.KeyValueExpr:
				if baseName(n.Key) == l.name {
					found = append(found, n.Value)
				}
			}
			return true
		})
	}
	var values []int64
	for _, e := range found {
		text := strings.NewReplacer("time.Second", fmt.Sprint(int64(time.Second)), "time.Minute", fmt.Sprint(int64(time.Minute))).Replace(types.ExprString(e))
		if v, err := types.Eval(token.NewFileSet(), nil, token.NoPos, text); err == nil && v.Value != nil {
			if n, err := strconv.ParseInt(v.Value.ExactString(), 10, 64); err == nil {
				values = append(values, n)
			}
		}
	}
	if len(values) != 1 {
		t.Fatalf("%s has %d values of %s, want one", l.folder, len(values), l.name)
	}
	return values[0]
}

// plain writes a number with commas.
func plain(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// bytes writes a number of bytes.
func bytes(n int64) string {
	for shift, unit := range map[int]string{30: " GiB", 20: " MiB", 10: " KiB"} {
		if n >= 1<<shift && n < 1<<(shift+10) && n%(1<<shift) == 0 {
			return fmt.Sprint(n>>shift) + unit
		}
	}
	return plain(n) + " bytes"
}

// seconds writes a duration.
func seconds(n int64) string { return fmt.Sprint(int64(time.Duration(n).Seconds())) + " s" }
