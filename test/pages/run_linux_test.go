package pages

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
)

// maxNotRun is how many blocks may be marked as not run. It may be lowered only.
const maxNotRun = 1

// notRunReasons are why a block may not be run.
var notRunReasons = []string{
	"another host", "another system", "charon", "IPsec peer", "kubernetes", "long", "root",
}

// binDir has the commands.
var binDir string

func TestMain(m *testing.M) {
	netns.Isolate()
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pages")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binDir = dir
	build := exec.Command("go", "build", "-o", dir, "github.com/go-iscsi/discovery/cmd/discover", "github.com/go-iscsi/discovery/cmd/discover-fleet", "github.com/go-iscsi/discovery/cmd/discoverd")
	out, err := build.CombinedOutput()
	if err == nil {
		err = os.Chmod(dir, 0o755) //nolint:gosec // the user of the examples runs what is in it
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "build the commands: %v: %s\n", err, out)
		return 1
	}
	return m.Run()
}

// TestExamples: the commands of the pages print what the pages say. A page begins with an
// empty registry, and its examples run in order.
func TestExamples(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	notRun := make(map[string]int)
	t.Cleanup(func() {
		total := 0
		for _, n := range notRun {
			total += n
		}
		t.Logf("blocks that are not run, by reason: %v", notRun)
		if total > maxNotRun {
			t.Errorf("got %d blocks that are not run, want at most %d", total, maxNotRun)
		}
	})
	for _, path := range pagePaths(t) {
		blocks := readPage(t, path)
		var examples []*block
		for _, b := range blocks {
			_, isFile := b.has(markFile)
			reason, skip := b.has(markNotRun)
			switch {
			case skip && !slices.Contains(notRunReasons, reason):
				t.Errorf("%s:%d: not run: %q is none of %q", path, b.line, reason, notRunReasons)
			case skip:
				notRun[reason]++
			case isFile || b.runs():
				examples = append(examples, b)
			}
		}
		if len(examples) == 0 {
			continue
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			needPrograms(t, examples)
			l := func() *lab {
				mu.Lock()         // labs are made one by one: each takes a while of the processor
				defer mu.Unlock() // also where newLab skips the test
				return newLab(t)
			}()
			for _, b := range examples {
				l.run(t, path, b)
			}
		})
	}
}

// needPrograms asks for what the examples of a page run beside our commands, and is not on
// every machine.
func needPrograms(t *testing.T, blocks []*block) {
	t.Helper()
	for _, b := range blocks {
		for _, e := range b.examples {
			for _, word := range strings.Fields(e.command) {
				if slices.Contains([]string{"curl", "jq", "sqlite3", "tshark"}, word) {
					need.Program(t, word)
				}
			}
		}
	}
}

// run runs the examples of a block.
func (l *lab) run(t *testing.T, path string, b *block) {
	t.Helper()
	for _, m := range b.marks {
		var err error
		switch m.name {
		case markFresh:
			err = l.fresh()
		case markFile:
			err = l.write(m.value, strings.Join(b.text, "\n")+"\n")
		case markLab:
			event := labEvents[m.value]
			if event == nil {
				t.Fatalf("%s:%d: nothing in the lab is called %q", path, b.line, m.value)
			}
			event(t, l)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, isFile := b.has(markFile); isFile {
		return
	}
	_, interrupted := b.has(markInterrupted)
	_, terminal := b.has(markTerminal)
	for i, e := range b.examples {
		r := &running{cmd: l.command(t, strings.TrimSuffix(e.command, "&")), example: e, terminal: terminal}
		r.start(t, l)
		switch {
		case strings.HasSuffix(e.command, "&"):
			r.awaitSame()
		case interrupted && i == len(b.examples)-1:
			r.awaitSame()
			r.signal(syscall.SIGINT)
			r.await(t, path)
		case strings.HasPrefix(e.command, "curl "):
			r = r.repeat(t, l, path)
		default:
			r.await(t, path)
		}
		r.compare(t, path)
	}
}

// pagePaths returns the pages that users read, by their paths from the root.
func pagePaths(t *testing.T) []string {
	t.Helper()
	all := []string{"README.md"}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, _ os.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			path, err = filepath.Rel(root, path)
			all = append(all, filepath.ToSlash(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func readPage(t *testing.T, path string) []*block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := parse(string(text))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return blocks
}
