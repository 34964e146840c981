package library

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A Setting is where a test runs the command lines of the page.
type Setting struct {
	Folder string   // where the programs run: their files are in it
	Env    []string // added to the environment

	// Here has for what differs between the page and a test, such as an address with its
	// TCP port, what it is in the test. This is the one place where the two are exchanged:
	// in arguments one way, in what a program prints the other.
	Here map[string]string

	// AnyOrder: the lines of the output may come in another order than on the page.
	AnyOrder bool
}

// Run runs a command line with a program that Build made. The test fails where the
// standard output, or the exit status, is not that of the page.
func (s *Setting) Run(t testing.TB, program string, r Run) {
	t.Helper()
	got, complaint, err := s.run(t, program, r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := s.Diff(r, got); diff != "" {
		t.Errorf("%s does not print what docs/library.md has. %s\nand on standard error:\n%s", filepath.Base(program), diff, complaint)
	}
}

// run returns what the program printed to standard output, with its exit status, and to
// standard error.
func (s *Setting) run(t testing.TB, program string, r Run) (stdout, stderr string, err error) {
	cmd := exec.CommandContext(t.Context(), program, s.Args(r)...)
	cmd.Dir = s.Folder
	cmd.Env = append(os.Environ(), s.Env...)
	var out, complaint strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if r.Input != "" {
		file, err := os.Open(filepath.Join(s.Folder, r.Input))
		if err != nil {
			return "", "", err
		}
		defer file.Close()
		cmd.Stdin = file
	}
	if err := cmd.Run(); err != nil {
		exit := (*exec.ExitError)(nil)
		if !errors.As(err, &exit) {
			return "", "", err
		}
		fmt.Fprintf(&out, "exit status %d\n", exit.ExitCode())
	}
	return out.String(), complaint.String(), nil
}

// Args returns the arguments of a command line as they are in the test.
func (s *Setting) Args(r Run) []string {
	here := s.exchange(false)
	args := slices.Clone(r.Args)
	for i, arg := range args {
		args[i] = here.Replace(arg)
	}
	return args
}

// Diff compares what a program printed with the page, and returns both where they differ.
// Empty: they are the same.
func (s *Setting) Diff(r Run, printed string) string {
	want, got := strings.SplitAfter(r.Output, "\n"), strings.SplitAfter(s.exchange(true).Replace(printed), "\n")
	if s.AnyOrder {
		slices.Sort(want)
		slices.Sort(got)
	}
	if slices.Equal(want, got) {
		return ""
	}
	return fmt.Sprintf("the page:\n%s\nthe program:\n%s", strings.Join(want, ""), strings.Join(got, ""))
}

// exchange returns what puts the test's words in the place of the page's, or the page's
// in the place of the test's. Of two that begin alike the longer one is meant.
func (s *Setting) exchange(back bool) *strings.Replacer {
	var pairs [][2]string
	for page, here := range s.Here {
		if back {
			page, here = here, page
		}
		pairs = append(pairs, [2]string{page, here})
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return len(b[0]) - len(a[0]) })
	var words []string
	for _, p := range pairs {
		words = append(words, p[0], p[1])
	}
	return strings.NewReplacer(words...)
}
