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
	for _, s := range scripts(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			for i, c := range s.cases {
				got := r.run(real, c.args()...).said(c)
				if *record {
					c.real = got
				} else if diff := cmp.Diff(c.real, got, cmp.AllowUnexported(said{})); diff != "" {
					t.Errorf("case %d, %s: recorded (-) and got (+):\n%s", i, c.line, diff)
				}
			}
			if *record {
				s.write(t)
			}
		})
	}
}

// said returns the answer as the script of a case has it.
func (a answer) said(c *testCase) said {
	s := said{exit: a.exit, stdout: normal(c.line, a.stdout)}
	if n := len(a.stderr); n > 0 {
		s.stderr = a.stderr[n-1]
	}
	return s
}

// Where our program runs.
const (
	alone  = "alone"  // there is no real program, and open-iscsi's files may only be read
	beside = "beside" // ours may hand things on to the real one
)

// TestConformance: our program answers as the real one does.
func TestConformance(t *testing.T) {
	startLab(t)
	t.Run(alone, func(t *testing.T) { conform(t, alone, "") })
	t.Run(beside, func(t *testing.T) { conform(t, beside, realProgram(t)) })
}

// conform runs all scripts. A difference that is not deliberate fails, and so does a
// deliberate one that is none any more.
func conform(t *testing.T, place, real string) {
	for _, s := range scripts(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			r.env = append(r.env, "DISCOVER_ISCSIADM="+real)
			if place == alone && *command == "" {
				r.env = append(r.env, readVariable+"=1")
			}
			program := ours(t)
			for i, c := range s.cases {
				a := r.run(program[0], append(slices.Clone(program[1:]), c.args()...)...)
				if place == alone && *command == "" {
					r.standIn(c.line)
				}
				if d := c.difference(place); d != nil && *record {
					d.ours = a.said(c)
				} else if wrong := c.judge(place, a); wrong != "" {
					t.Errorf("case %d, %s:\n%s", i, c.line, wrong)
				}
			}
			if *record {
				s.write(t)
			}
		})
	}
}

// judge says in what our answer is wrong; "" in nothing.
func (c *testCase) judge(place string, a answer) string {
	found := a.differs(c, c.real)
	d := c.difference(place)
	if d == nil || *command != "" { // which may be the real program
		return found
	}
	if found == "" {
		return "it does not differ any more, but is said to: " + d.why
	}
	if found = a.differs(c, d.ours); found != "" {
		return "it differs on purpose (" + d.why + "), but not in the way that is known:\n" + found
	}
	return ""
}

// differs says in what an answer is not the one that is wanted; "" in nothing. The line of
// standard error has to be among ours: where the real program says little, we say more.
func (a answer) differs(c *testCase, want said) string {
	var b strings.Builder
	if a.exit != want.exit {
		fmt.Fprintf(&b, "exit %d, want %d\n", a.exit, want.exit)
	}
	if diff := cmp.Diff(want.stdout, normal(c.line, a.stdout)); diff != "" {
		fmt.Fprintf(&b, "standard output, want (-) and got (+):\n%s", diff)
	}
	if want.stderr != "" && !slices.Contains(a.stderr, want.stderr) {
		fmt.Fprintf(&b, "standard error has no line %q\n", want.stderr)
	}
	if want.stderr == "" && a.exit == 0 {
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
