// Command release builds the archives of a release from a commit: the commands for each
// system, with SHA256SUMS and a software bill of materials for each archive. The same
// commit makes the same bytes on each machine that has the same version of Go.
//
// scripts/release runs it. It is linked into none of the commands.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// usage is what --help prints, above the flags.
const usage = `Usage: scripts/release [FLAGS] [VERSION [FOLDER]]

Builds a release from the commit that is checked out, which has the tag VERSION, and
writes it to FOLDER, by default dist/VERSION. FOLDER may exist if it is empty.

Flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run is the command in an environment. It returns the exit status: 1 if the release was
// not built, 2 if the command line was not understood.
func run(ctx context.Context, args, env []string, stdout, stderr io.Writer) int {
	r := release{stdout: stdout, env: env}
	if err := r.parse(args, stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		fmt.Fprintf(stderr, "release: %v\n", err)
		return 2
	}
	if err := r.build(ctx); err != nil {
		fmt.Fprintf(stderr, "release: %v\n", err)
		return 1
	}
	return 0
}

// parse reads the command line.
func (r *release) parse(args []string, stderr io.Writer) error {
	var from string
	set := flag.NewFlagSet("release", flag.ContinueOnError)
	set.SetOutput(io.Discard) // run prints the error
	set.BoolVar(&r.snapshot, "snapshot", false, "build a commit that has no tag; the version is the one that Go derives from the commit")
	set.BoolVar(&r.anyGo, "any-go", false, "build with the Go in PATH, although other bytes may come of it than with "+toolchain)
	set.Var((*words)(&r.commands), "command", "build this command alone, discover, discover-fleet or discoverd; may be repeated")
	set.Var((*words)(&r.pairs), "pair", "build for this `GOOS/GOARCH` alone; may be repeated")
	set.StringVar(&from, "relative-to", ".", "the `folder` that a relative FOLDER is in")
	err := set.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stderr, usage)
		set.SetOutput(stderr)
		set.PrintDefaults()
	}
	if err != nil {
		return err
	}
	r.version, r.folder = set.Arg(0), set.Arg(1)
	switch {
	case set.NArg() > 2:
		return fmt.Errorf("%d arguments, want VERSION and FOLDER at most", set.NArg())
	case r.snapshot && r.version != "" && r.folder == "":
		r.version, r.folder = "", r.version // a snapshot's version is not chosen
	case r.snapshot && r.version != "":
		return errors.New("--snapshot has the version that Go derives from the commit: leave out VERSION")
	case r.version != "" && !isVersion(r.version):
		return fmt.Errorf("VERSION %q: want a tag such as v1.2.3", r.version)
	}
	if r.folder != "" && !filepath.IsAbs(r.folder) {
		r.folder = filepath.Join(from, r.folder)
	}
	return r.setDefaults()
}

// setDefaults completes and checks what is built.
func (r *release) setDefaults() error {
	if len(r.commands) == 0 {
		r.commands = allCommands
	}
	if len(r.pairs) == 0 {
		r.pairs = allPairs
	}
	for _, c := range r.commands {
		if !slices.Contains(allCommands, c) {
			return fmt.Errorf("--command %q: want discover, discover-fleet or discoverd", c)
		}
	}
	for _, p := range r.pairs {
		if goos, goarch, ok := strings.Cut(p, "/"); !ok || goos == "" || goarch == "" {
			return fmt.Errorf("--pair %q: want GOOS/GOARCH, such as linux/amd64", p)
		}
	}
	return nil
}

// words is a flag that may be repeated.
type words []string

// String returns what was given so far.
func (w *words) String() string { return strings.Join(*w, ",") }

// Set adds a value. A value that was given before is an error, since two archives would
// have the same name.
func (w *words) Set(value string) error {
	for _, given := range *w {
		if given == value {
			return errors.New("given twice")
		}
	}
	*w = append(*w, value)
	return nil
}
