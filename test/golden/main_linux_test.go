package golden

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/test/netns"
)

// These make golden registries: see scripts/golden-registry.
var (
	makeIn     = flag.String("make", "", "a `FOLDER` to make golden registries in; none: only test")
	madeBy     = flag.String("made-by", "", "the `COMMAND` that makes them")
	listedBy   = flag.String("listed-by", "", "the `COMMAND` whose lists are kept beside them")
	withoutNew = flag.Bool("without-new", false, "leave out the steps that the command of ac73c42 does not know")
	goldenDir  = filepath.Join("..", "..", "pkg", "initiator", "registry", "sqlite", "testdata", "golden")
)

// today is the command as it is now.
var today string

func TestMain(m *testing.M) {
	netns.Isolate()
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "golden")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	today = filepath.Join(dir, "discover")
	build := exec.Command("go", "build", "-o", today, "github.com/go-iscsi/discovery/cmd/discover")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the command: %v: %s\n", err, out)
		return 1
	}
	return m.Run()
}

// A made is a folder of golden registries.
type made struct {
	commit     string // that made it
	withoutNew bool   // of the recipe, what came after ac73c42
}

// all are the golden folders: ac73c42 is where the plan of issue 14 was drawn, cee70fd
// the commit before its first move, 7623320 the end of issue 13, which went on meanwhile.
var all = []made{{"ac73c42", true}, {"cee70fd", false}, {"7623320", false}}

func (m made) dir() string { return filepath.Join(goldenDir, m.commit) }

// unpack returns a folder with copies of the registries and keys. They have the modes
// with which the command made them, which a checkout does not keep.
func (m made) unpack(t *testing.T) string {
	t.Helper()
	to := t.TempDir()
	for _, file := range []string{byKeyFile, keyFile, byPassphrase} {
		err := os.MkdirAll(filepath.Join(to, filepath.Dir(file)), 0o700)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, file), readFile(t, filepath.Join(m.dir(), file)), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// TestMake makes a golden folder, where one is asked for.
func TestMake(t *testing.T) {
	if *makeIn == "" {
		t.Skip("it makes golden registries for scripts/golden-registry, and tests nothing")
	}
	follow(t, *madeBy, *makeIn, *withoutNew)
	if err := os.WriteFile(filepath.Join(*makeIn, listsFile), lists(t, *listedBy, *makeIn), 0o600); err != nil {
		t.Fatal(err)
	}
}
