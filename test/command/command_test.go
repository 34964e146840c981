// Package command runs the command itself, as a user does: scenarios are the
// scripts in testdata. Besides what testscript has there are these commands:
//
//	discover ARGS...         run it; with ! it has to fail
//	status N                 the exit status of the last discover
//	portal NAME KIND ARGS... start a portal (see portals_test.go); its address is in $NAME
//	quiet                    standard error of the last discover is empty; where only root may read the
//	                         host's initiatorname.iscsi, that line may be there
//	asked NAME               wait until a session logs in to that portal
//	json FILE, jsonl FILE    one JSON document, one a line; FILE may be stdout
//	hides SECRET FILE...     the secret is in none of the files, in no encoding; FILE may be a pattern
package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/internal/owndisk"
)

// binDir is where the command was built.
var binDir string

// roleVariable makes this test binary a child with a part to play.
const roleVariable = "COMMAND_TEST_ROLE"

// roles are the parts.
var roles = make(map[string]func() error)

func TestMain(m *testing.M) {
	role, ok := os.LookupEnv(roleVariable)
	if !ok {
		os.Exit(testMain(m))
	}
	err := roles[role]()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(owndisk.Status(err))
}

func testMain(m *testing.M) int {
	var err error
	if binDir, err = os.MkdirTemp("", "discover"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(binDir)
	// This host may have a name that its users may not read, of which the command warns.
	noName := filepath.Join(binDir, "no", "initiatorname.iscsi")
	if err := buildCommand(binDir, "-ldflags=-X github.com/go-iscsi/discovery/cmd/internal/flags.NameFile="+noName); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// buildCommand builds discover in dir, with the flags of go build.
func buildCommand(dir string, flags ...string) error {
	args := append([]string{"build", "-o", dir + string(filepath.Separator)}, flags...)
	if raceEnabled {
		args = append(args, "-race")
	}
	build := exec.Command("go", append(args, "github.com/go-iscsi/discovery/cmd/discover")...)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the command: %w: %s", err, out)
	}
	return nil
}

func TestCommand(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", binDir+string(filepath.ListSeparator)+need.StandardTools())
			env.Setenv("DISCOVER", filepath.Join(binDir, "discover")) // for programs of a script
			env.Setenv("GORACE", "atexit_sleep_ms=0 halt_on_error=1") // or each run takes a second
			env.Values[runKey{}] = &scenario{tb: env.T().(testing.TB), portals: make(map[string]*portal)}
			return nil
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Geteuid() == 0, nil
			case "loopback-net": // all of 127.0.0.0/8 is this host
				return runtime.GOOS == "linux", nil
			}
			return false, fmt.Errorf("no condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"discover": runDiscover,
			"status":   checkStatus,
			"quiet":    checkQuiet,
			"portal":   startPortal,
			"asked":    waitAsked,
			"json":     checkJSON,
			"jsonl":    checkJSONLines,
			"hides":    checkHides,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

type runKey struct{}

// A scenario is one script that runs.
type scenario struct {
	tb      testing.TB
	portals map[string]*portal
	status  int // of the last discover
}

func of(ts *testscript.TestScript) *scenario { return ts.Value(runKey{}).(*scenario) }

func runDiscover(ts *testscript.TestScript, neg bool, args []string) {
	execute(ts, neg, "discover", args...)
}

// execute runs a program, and notes its exit status.
func execute(ts *testscript.TestScript, neg bool, program string, args ...string) {
	s := of(ts)
	s.status = 0
	if err := ts.Exec(program, args...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		s.status = exit.ExitCode()
	}
	if s.status == 0 == neg {
		ts.Fatalf("exit status %d", s.status)
	}
}

func checkStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: status N")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if got := of(ts).status; got != want {
		ts.Fatalf("got exit status %d, want %d", got, want)
	}
}

func checkQuiet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: quiet")
	}
	for line := range strings.Lines(ts.ReadFile("stderr")) {
		if !strings.HasPrefix(line, "discover: warning: /etc/iscsi/initiatorname.iscsi cannot be used: ") {
			ts.Fatalf("got %s", line)
		}
	}
}

func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: json FILE")
	}
	if text := ts.ReadFile(args[0]); json.Valid([]byte(text)) == neg || !strings.HasSuffix(text, "}\n") {
		ts.Fatalf("got %s", text)
	}
}

func checkJSONLines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: jsonl FILE")
	}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var record struct{ Type string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Type == "" || !strings.HasSuffix(line, "}\n") {
			ts.Fatalf("got a line %q, %v", line, err)
		}
	}
}
