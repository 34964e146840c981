package initiator

import (
	"os"
	"os/exec"
	"testing"
)

// suspendAlways is the variable in the environment of a test process in which each
// connection is one that takes longer.
const suspendAlways = "DISCOVER_TEST_SUSPEND"

func init() {
	if os.Getenv(suspendAlways) != "" {
		patience = -1
	}
}

// TestSuspended: the tests of this package hold as well where each attempt is suspended
// for its first connection, and resumed. Those of scene.Play are left out: with a Dial of
// the Discoverer no attempt is suspended.
func TestSuspended(t *testing.T) {
	if os.Getenv(suspendAlways) != "" {
		t.Skip("this is the process in which they are")
	}
	if testing.Short() {
		t.Skip("it runs all tests again")
	}
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	again := exec.CommandContext(t.Context(), self, "-test.count=1", "-test.parallel=4")
	again.Env = append(os.Environ(), suspendAlways+"=1")
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
