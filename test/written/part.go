// Package written compares a part of a page of docs with what the code says, or writes it
// there: scripts/docs gives the tests the flag -write-docs.
package written

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var write = flag.Bool("write-docs", false, "write generated parts of the pages of docs instead of comparing them")

// A Part is what stands between two lines of a page.
type Part struct {
	Page       string // its path, from the folder of the test
	Begin, End string // the lines, each with its end; both stay
}

// Is fails the test where the part is not want, or writes it.
func (p Part) Is(t testing.TB, want string) {
	t.Helper()
	b, err := os.ReadFile(p.Page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(b), p.Begin)
	got, after, ended := strings.Cut(rest, p.End)
	if !begun || !ended {
		t.Fatalf("%s has no part between %q and %q", p.Page, p.Begin, p.End)
	}
	switch {
	case got == want:
	case !*write:
		t.Errorf("%s: the part behind %q is not what the code says: run scripts/docs", p.Page, p.Begin)
	default:
		if err := os.WriteFile(p.Page, []byte(before+p.Begin+want+p.End+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
