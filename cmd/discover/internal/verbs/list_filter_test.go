package verbs

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestPortalListFilters (issue 19, 3): arguments and flags select entries; an argument that
// selects none is named.
func TestPortalListFilters(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Portal("192.0.2.10:3260", twoTargets())
	l.files["portals"] = "192.0.2.11\n"
	discover := l.inRegistry(t)
	discover("portal", "list", "192.0.2.10").want(t, exit.Failed, "", "discover: portal 192.0.2.10: it is not in the registry\n")
	discover("portal", "add", "192.0.2.10", "192.0.2.11", "192.0.2.11:3261", "192.0.2.130", "storage.example")
	discover("portal", "add", "192.0.2.10", "--source", "192.0.2.253")
	const (
		ten, tenHost             = "192.0.2.10:3260 all", "192.0.2.10:3260 2"
		eleven, eleven3261, last = "192.0.2.11:3260 all", "192.0.2.11:3261 all", "192.0.2.130:3260 all"
		named                    = "storage.example:3260 all"
	)
	for _, tt := range []struct {
		args   string
		status int
		want   []string
		stderr string
	}{
		{"", exit.OK, []string{ten, tenHost, eleven, eleven3261, last, named}, ""},
		{"192.0.2.10", exit.OK, []string{ten, tenHost}, ""},
		{"STORAGE.example.", exit.OK, []string{named}, ""},
		{"192.0.2.11:3261", exit.OK, []string{eleven3261}, ""},
		{"@portals", exit.OK, []string{eleven, eleven3261}, ""},
		{"192.0.2.8/29", exit.OK, []string{ten, tenHost, eleven, eleven3261}, ""},
		{"192.0.2.11-192.0.2.200", exit.OK, []string{eleven, eleven3261, last}, ""},
		{"--instance HOST", exit.OK, []string{tenHost}, ""},
		{"--source 192.0.2.253", exit.OK, []string{tenHost}, ""},
		{"--source 192.0.2.254", exit.OK, nil, "no portals in the registry "},
		{"--initiator-port all 192.0.2.10", exit.OK, []string{ten}, ""},
		{"--failed 192.0.2.8/29", exit.OK, []string{eleven, eleven3261}, ""},
		{"--failed 192.0.2.10", exit.OK, nil, "no portal failed when it was asked last\n"},
		{"192.0.2.10 192.0.2.12 198.51.100.0/24", exit.Partly, []string{ten, tenHost},
			"portal 192.0.2.12: it is not in the registry\ndiscover: portal 198.51.100.0/24: no entry of the registry is selected\n"},
		{"192.0.2.11:3262", exit.Failed, nil,
			"portal 192.0.2.11:3262: no entry of the registry is selected; there is 192.0.2.11:3260 (instance any, port all), 192.0.2.11:3261 (instance any, port all)\n"},
		{"192.0.2.11 --instance host", exit.Failed, nil, "portal 192.0.2.11: no entry of the registry is selected; there is 192.0.2.11:3260 (instance any, port all), 192.0.2.11:3261 (instance any, port all)\n"},
	} {
		r := discover(append([]string{"portal", "list"}, strings.Fields(tt.args)...)...)
		var got []string
		for line := range strings.Lines(r.stdout) {
			if f := strings.Fields(line); f[0] != "PORTAL" {
				got = append(got, f[0]+" "+f[2])
			}
		}
		if r.status != tt.status || strings.Join(got, "\n") != strings.Join(tt.want, "\n") || tt.stderr == "" && r.stderr != "" || !strings.HasPrefix(strings.TrimPrefix(r.stderr, "discover: "), tt.stderr) {
			t.Errorf("%s: got %v and %+v, want %+v", tt.args, got, r, tt)
		}
		for _, format := range []string{"json", "jsonl"} {
			j := discover(append([]string{"portal", "list", "-o", format}, strings.Fields(tt.args)...)...)
			if j.status != tt.status || j.stderr != "" || strings.Count(j.stdout, `"login_options"`) != len(tt.want) || format == "json" && !json.Valid([]byte(j.stdout)) {
				t.Errorf("%s -o %s: got %+v", tt.args, format, j)
			}
		}
	}
}

// TestPortalListWidth (issue 19, 3): on a terminal the list fits, and what is cut is in show.
func TestPortalListWidth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", twoTargets())
		l.env["SECRET"], l.env["LANG"] = "secret-of-host-1", "C.UTF-8"
		discover := l.inRegistry(t)
		discover("portal", "add", "192.0.2.10")
		discover("portal", "add", "192.0.2.11", "--symbolic-name", "the second array of rack 磁盘 in room 1", "--chap-user", "host1", "--chap-secret", "env:SECRET")
		time.Sleep(3 * time.Minute)
		for columns, want := range map[int]string{
			80: `
PORTAL           NAME      INSTANCE  PORT  LOGIN     LAST RESULT
192.0.2.10:3260            any       all             2 targets, 3m ago
192.0.2.11:3260  the sec…  any       all   chap ho…  failed: connection refused…
`,
			200: `
PORTAL           NAME                                     INSTANCE  PORT  LOGIN       LAST RESULT
192.0.2.10:3260                                           any       all               2 targets, 3m ago
192.0.2.11:3260  the second array of rack 磁盘 in room 1  any       all   chap host1  failed: connection refused, 3m ago
`,
		} {
			var out strings.Builder
			l.stdout, l.columns = &out, map[io.Writer]int{&out: columns}
			if r := discover("portal", "list"); r.status != exit.OK || out.String() != want[1:] {
				t.Errorf("%d columns: got %+v\n%s, want\n%s", columns, r, out.String(), want[1:])
			}
			for line := range strings.Lines(out.String()) {
				if n := column.Width(strings.TrimSuffix(line, "\n")); n > columns {
					t.Errorf("got a line of %d columns: %s", n, line)
				}
			}
		}
		l.stdout, l.columns = nil, nil
		discover("portal", "show", "192.0.2.11").want(t, exit.OK, `
FIELD           VALUE
portal          192.0.2.11:3260
instance        any
initiator-port  all
symbolic-name   the second array of rack 磁盘 in room 1
authentication  chap
chap-user       host1
chap-secret     set (sealed in the registry)
added           2000-01-01T00:00:00Z
last asked      2000-01-01T00:00:00Z
last result     failed: connect to 192.0.2.11:3260: connection refused; nothing
                listens there: check the address and the TCP port
stage           connect
code            0xEFFF0003, ISDSC_CONNECTION_FAILED
failing since   2000-01-01T00:00:00Z, 1 failure
last success    never, or not known
`[1:], "")
	})
}

// TestPortalShow: all entries of a portal are shown, with their targets, and no secret is.
func TestPortalShow(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Portal("192.0.2.10:3260", twoTargets(), twoTargets(), &iscsitest.Target{Records: twoTargets().Records[:1]})
	discover := l.inRegistry(t)
	discover("portal", "add", "192.0.2.10")
	discover("portal", "add", "192.0.2.10", "--source", "192.0.2.253")
	discover("portal", "refresh", "192.0.2.10")
	r := discover("portal", "show", "192.0.2.10", "192.0.2.99")
	if r.status != exit.Partly || strings.Count(r.stdout, "FIELD  ") != 2 || strings.Count(r.stdout, "TARGET  ") != 2 || !strings.Contains(r.stdout, "initiator-port  2 (192.0.2.253)\n") ||
		strings.Count(r.stdout, "  missing since 20") != 1 || r.stderr != "discover: portal 192.0.2.99: it is not in the registry\n" {
		t.Errorf("got %+v", r)
	}
	r = discover("portal", "show", "--instance", "host", "192.0.2.10", "-o", "json")
	var document struct {
		Portals []struct {
			Portal  string
			Address string `json:"initiator_port_address"`
			Last    struct {
				Code *int
			} `json:"last_result"`
			Targets []struct {
				Name       string
				Mechanisms []struct{ Mechanism string }
			}
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil || r.status != exit.OK || len(document.Portals) != 1 {
		t.Fatalf("got %v and %+v", err, r)
	}
	p := document.Portals[0]
	if p.Portal != "192.0.2.10:3260" || p.Address != "192.0.2.253" || p.Last.Code == nil || len(p.Targets) != 2 || len(p.Targets[0].Mechanisms) != 1 {
		t.Errorf("got %+v", p)
	}
}

// TestTargetListFilters (issue 19, 3): names, patterns and flags select targets; a name that
// matches none is told.
func TestTargetListFilters(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.Portal("192.0.2.10:3260", twoTargets(), &iscsitest.Target{Records: twoTargets().Records[:1]})
	l.Portal("192.0.2.11:3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1"}, {Name: "eui.0123456789ABCDEF"}}})
	discover := l.inRegistry(t)
	discover("portal", "add", "192.0.2.10", "192.0.2.11", "192.0.2.12")
	discover("target", "add", "iqn.2026-11.com.example:static")
	discover("portal", "refresh", "192.0.2.10")
	const disk1, two, eui, static = "iqn.2026-11.com.example:disk1", "iqn.2026-11.com.example:disk-two", "eui.0123456789ABCDEF", "iqn.2026-11.com.example:static"
	for _, tt := range []struct {
		args   string
		status int
		want   string // targets
		rows   int    // ways in which they were found
		stderr string
	}{
		{"", exit.OK, eui + " " + two + " " + disk1 + " " + static, 5, ""},
		{disk1, exit.OK, disk1, 2, ""},
		{"EUI.0123456789abcdef", exit.OK, eui, 1, ""},
		{"*:disk?", exit.OK, disk1, 2, ""},
		{"*:disk* *TATIC", exit.OK, two + " " + disk1 + " " + static, 4, ""},
		{"--missing", exit.OK, two, 1, ""},
		{"--missing " + disk1, exit.OK, "", 0, "none of these targets is missing\n"},
		{"--portal 192.0.2.11", exit.OK, eui + " " + disk1, 2, ""},
		{"--portal 192.0.2.11 --portal 192.0.2.10:3260 *disk1", exit.OK, disk1, 2, ""},
		{"--portal 192.0.2.12", exit.OK, "", 0, "no targets are known through this portal\n"},
		{"--portal 192.0.2.13", exit.Failed, "", 0, "portal 192.0.2.13: it is not in the registry\n"},
		{"disk1", exit.Failed, "", 0, `target "disk1": no known target has this name; a pattern matches parts of names: '*disk1*'` + "\n"},
		{"iqn.*x eui.*", exit.Partly, eui, 1, `target "iqn.*x": no known target has a name that matches` + "\n"},
	} {
		args := append([]string{"target", "list"}, strings.Fields(tt.args)...)
		stderr := ""
		if tt.stderr != "" {
			stderr = "discover: " + tt.stderr
		}
		var names []string
		r := discover(args...)
		for line := range strings.Lines(r.stdout) {
			if line[0] != ' ' && !strings.HasPrefix(line, "TARGET") {
				names = append(names, strings.Fields(line)[0])
			}
		}
		if got := strings.Join(names, " "); r.status != tt.status || got != tt.want || r.stderr != stderr {
			t.Errorf("%s: got %s and %+v, want %+v", tt.args, got, r, tt)
		}
		j := discover(append(args, "-o", "json")...)
		if j.status != tt.status || j.stderr != "" || !json.Valid([]byte(j.stdout)) || strings.Count(j.stdout, `"mechanism":`) != tt.rows {
			t.Errorf("%s -o json: got %+v, want %d mechanisms", tt.args, j, tt.rows)
		}
	}
	discover("target", "list", "-o", "iscsiadm", "--portal", "192.0.2.11", "iqn.*").want(t, exit.OK, "192.0.2.11:3260,-1 iqn.2026-11.com.example:disk1\n", "")

	dials := len(l.Dials())
	if r := discover("target", "list", "--refresh", "--portal", "192.0.2.11"); r.status != exit.OK || len(l.Dials()) != dials+1 {
		t.Errorf("got %+v and %d dials, want one", r, len(l.Dials())-dials)
	}
}

// TestMatches: * is any characters, and ? is one.
func TestMatches(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "a", true}, {"a", "ab", false}, {"*", "", true}, {"*", "ab", true}, {"?", "", false}, {"?", "磁", true},
		{"a*c", "abbc", true}, {"a*c", "abcb", false}, {"*b*b", "abab", true}, {"*b?", "abab", false}, {"a**", "a", true}, {"*aab", "aaaab", true}, {"a?c*", "abc", true}, {"[a]", "a", false},
	} {
		if got := matches(tt.pattern, tt.text); got != tt.want {
			t.Errorf("%q, %q: got %t", tt.pattern, tt.text, got)
		}
	}
}
