//go:build linux

package iscsiadm

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/internal/need"
)

// recordedVersion is that of the program that gave the answers.
const recordedVersion = "2.1.8"

// TestReal: the answers in the scripts are those of the real program.
func TestReal(t *testing.T) {
	real := realProgram(t)
	startLab(t)
	version := strings.Fields(newRoom(t).run(real, "-V").stdout)
	if installed := version[len(version)-1]; installed != recordedVersion && !*record {
		need.Missing(t, "open-iscsi "+recordedVersion+" (this is "+installed+")", "record the answers anew, see the package's comment")
	}
	t.Run("scripts", func(t *testing.T) {
		for _, s := range scripts(t) {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				r := newRoom(t)
				for i := range s.cases {
					c := &s.cases[i]
					got := c.answered(r.run(real, c.args()...))
					if *record {
						*c = got
					} else if diff := cmp.Diff(*c, got, cmp.AllowUnexported(testCase{})); diff != "" {
						t.Errorf("case %d, %s: recorded (-) and got (+):\n%s", i, c.line, diff)
					}
				}
				if *record {
					s.write(t)
				}
			})
		}
	})
}

// answered returns the case with another answer.
func (c *testCase) answered(a answer) testCase {
	out := *c
	out.exit, out.stdout, out.stderr = a.exit, normal(c.line, a.stdout), ""
	if n := len(a.stderr); n > 0 {
		out.stderr = a.stderr[n-1]
	}
	return out
}

// TestConformance: our program answers as the real one does, where there is none to
// hand things on to ("alone"; open-iscsi's files may only be read then) and where there
// is ("beside").
func TestConformance(t *testing.T) {
	startLab(t)
	t.Run("alone", func(t *testing.T) { conform(t, alone, "") })
	t.Run("beside", func(t *testing.T) { conform(t, beside, realProgram(t)) })
}

// conform runs all scripts. A difference that is not deliberate fails, and so does a
// deliberate one that is none any more.
func conform(t *testing.T, where place, real string) {
	for _, s := range scripts(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			if real != "" {
				r.env = append(r.env, "DISCOVER_ISCSIADM="+real)
			} else {
				r.env = append(r.env, "DISCOVER_ISCSIADM=")
				if *command == "" { // ours writes to its registry alone
					r.env = append(r.env, readVariable+"=1")
				}
			}
			program := ours(t)
			for i, c := range s.cases {
				a := r.run(program[0], append(slices.Clone(program[1:]), c.args()...)...)
				if where == alone && *command == "" {
					r.standIn(c.line)
				}
				judge(t, where, s.name, i, c, a)
			}
			for _, d := range differences {
				if d.script == s.name && d.number >= len(s.cases) {
					t.Errorf("no case %s/%d, which is said to differ", d.script, d.number)
				}
			}
		})
	}
}

// judge compares one answer with the real program's.
func judge(t *testing.T, where place, script string, number int, c testCase, a answer) {
	t.Helper()
	want, found := c, compare(c, a)
	var why string
	for _, d := range differences {
		if d.script == script && d.number == number && d.where&where != 0 {
			why = d.why
			if d.line != c.line {
				t.Errorf("case %s/%d is %q, but the one that differs deliberately is %q", script, number, c.line, d.line)
			}
			want.exit, want.stdout, want.stderr = d.exit, d.stdout, d.stderr
		}
	}
	switch {
	case why == "" && found != "":
		t.Errorf("case %d, %s:\n%s", number, c.line, found)
	case why != "" && found == "":
		t.Errorf("case %d, %s: it does not differ any more, but is said to: %s", number, c.line, why)
	case why != "":
		if found := compare(want, a); found != "" {
			t.Errorf("case %d, %s: it differs deliberately (%s), but not as it should:\n%s", number, c.line, why, found)
		}
	}
}

// compare says in what an answer differs from that of a case; "" where in nothing. The
// real program's last line has to be one of ours: where it says little, we say more.
func compare(c testCase, a answer) string {
	var b strings.Builder
	if a.exit != c.exit {
		fmt.Fprintf(&b, "exit %d, want %d\n", a.exit, c.exit)
	}
	if diff := cmp.Diff(c.stdout, normal(c.line, a.stdout)); diff != "" {
		fmt.Fprintf(&b, "standard output, want (-) and got (+):\n%s", diff)
	}
	if c.stderr != "" && !slices.Contains(a.stderr, c.stderr) {
		fmt.Fprintf(&b, "standard error has no line %q\n", c.stderr)
	}
	if c.stderr == "" && c.exit == 0 {
		for _, line := range a.stderr {
			if strings.Contains(line, "Could not") { // callers take this for a failure
				fmt.Fprintf(&b, "standard error says %q, and exit is 0\n", line)
			}
		}
	}
	if b.Len() > 0 && len(a.stderr) > 0 {
		fmt.Fprintf(&b, "standard error was:\n\t%s\n", strings.Join(a.stderr, "\n\t"))
	}
	return b.String()
}

// standIn does what only the real program can: it makes and changes ifaces.
func (r *room) standIn(line string) {
	var name, key, value string
	if n, _ := fmt.Sscanf(line, "-m iface -o new -I %s", &name); n == 1 {
		r.write("iscsi/ifaces/"+name, "iface.iscsi_ifacename = "+name+"\niface.transport_name = tcp\n")
	}
	if n, _ := fmt.Sscanf(line, "-m iface -o update -I %s -n %s -v %s", &name, &key, &value); n == 3 {
		r.write("iscsi/ifaces/"+name, "iface.iscsi_ifacename = "+name+"\niface.transport_name = tcp\n"+key+" = "+value+"\n")
	}
}
