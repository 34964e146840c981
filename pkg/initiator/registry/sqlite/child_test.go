package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/go-iscsi/discovery/internal/owndisk"
)

// roleVariable makes this test binary a child process with a part to play, on
// the registry that the first argument names.
const roleVariable = "SQLITE_TEST_ROLE"

// roles are the parts.
var roles = map[string]func(ctx context.Context, path string, args []string) error{
	"writer":  writeUntilKilled,
	"counter": countUp,
	"reader":  printRecord,
	"watch":   watchRegistry,
}

func TestMain(m *testing.M) {
	role, ok := os.LookupEnv(roleVariable)
	if !ok {
		os.Exit(m.Run())
	}
	err := roles[role](context.Background(), os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(owndisk.Status(err))
}

// child returns the command that plays a role on the registry at path.
func child(t *testing.T, role, path string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{path}, args...)...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

// lines starts cmd and returns what it writes, line by line.
func lines(t *testing.T, cmd *exec.Cmd) *bufio.Scanner {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return bufio.NewScanner(out)
}
