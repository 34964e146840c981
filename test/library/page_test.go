package library

import (
	"slices"
	"strings"
	"testing"
)

// hello is a page as it should be.
const hello = "# Hello\n\n```go\n" + helloSource + "```\n\nIt greets:\n\n```console\n$ hello world < names\nhello\n$ hello\nexit status 2\n```\n"

const helloSource = "package main\n\nimport \"os\"\n\nfunc main() {\n\tif len(os.Args) < 2 {\n\t\tos.Exit(2)\n\t}\n\tos.Stdout.WriteString(\"hello\\n\")\n}\n"

// TestParse: what a page is taken apart into, and what it must not have.
func TestParse(t *testing.T) {
	t.Parallel()
	programs, err := parse(hello)
	if err != nil || len(programs) != 1 || len(programs[0].Runs) != 2 {
		t.Fatalf("got %+v, %v, want a program with two command lines", programs, err)
	}
	p := programs[0]
	if p.Name != "hello" || p.Source != helloSource || p.line != 4 {
		t.Errorf("got %+v, want hello at line 4, as it stands on the page", p)
	}
	if r := p.Runs[0]; !slices.Equal(r.Args, []string{"world"}) || r.Input != "names" || r.Output != "hello\n" {
		t.Errorf("got %+v", r)
	}
	for _, tt := range []struct {
		name, old, new string // what is changed on the page
		want           string
	}{
		{"a snippet", helloSource, "fmt.Println()\n", "no whole program"},
		{"a package", "package main", "package hello", "package hello, want main"},
		{"too long", "func main() {\n", "func main() {\n" + strings.Repeat("\tprintln()\n", maxLines+1-strings.Count(helloSource, "\n")), "50 lines, want 49 at most"},
		{"not formatted", "\tif", "    if", "not as gofmt has it"},
		{"a mistake in it", "len(os.Args)", "len(os.Args", "missing ','"},
		{"no command line", "```console\n", "```go\npackage main\n```\n\n```console\n", "no command line follows"},
		{"another kind of block", "```console", "```text", `"text"`},
		{"output first", "$ hello world < names\n", "", "output before the first command line"},
		{"another name", "$ hello\n", "$ goodbye\n", `"hello" and "goodbye"`},
		{"no program", "```go\n" + helloSource + "```\n", "", "before the first program"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, err := parse(strings.Replace(hello, tt.old, tt.new, 1)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestBuildFails: what does not compile, what go vet finds, and what only packages of this
// module may import.
func TestBuildFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, source, want string }{
		{"undefined", "package main\n\nfunc main() { undefined() }\n", "undefined: undefined"},
		{"vet", "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Printf(\"%d\\n\", \"one\") }\n", "wrong type"},
		{"internal", "package main\n\nimport _ \"github.com/go-iscsi/discovery/internal/need\"\n\nfunc main() {}\n", "internal package"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := Program{Name: "broken", Source: tt.source}
			if _, err := p.build(root(t), t.TempDir()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestDiff: what differs from the page shows, and what stands for something of the page
// does not.
func TestDiff(t *testing.T) {
	t.Parallel()
	s := Setting{Here: map[string]string{"192.0.2.10:3260": "127.0.0.1:4000", "192.0.2.11:3260": "127.0.0.1:40001", "192.0.2.1": "127.0.0.1"}}
	r := Run{Args: []string{"192.0.2.11:3260", "x"}, Output: "192.0.2.10:3260 from 192.0.2.1\n192.0.2.11:3260\n"}
	if got := s.Args(r); !slices.Equal(got, []string{"127.0.0.1:40001", "x"}) {
		t.Errorf("got %q", got)
	}
	const same, turned = "127.0.0.1:4000 from 127.0.0.1\n127.0.0.1:40001\n", "127.0.0.1:40001\n127.0.0.1:4000 from 127.0.0.1\n"
	anyOrder := s
	anyOrder.AnyOrder = true
	for _, tt := range []struct {
		name    string
		setting Setting
		printed string
		differs bool
	}{
		{"the same", s, same, false},
		{"another order", s, turned, true},
		{"any order", anyOrder, turned, false},
		{"another port", s, strings.Replace(same, "40001", "40002", 1), true},
		{"a line less", anyOrder, "127.0.0.1:40001\n", true},
		{"a line more", anyOrder, same + "x\n", true},
		{"another status", s, same + "exit status 1\n", true},
	} {
		if diff := tt.setting.Diff(r, tt.printed); diff != "" != tt.differs {
			t.Errorf("%s: got %q, want a difference: %t", tt.name, diff, tt.differs)
		}
	}
}
