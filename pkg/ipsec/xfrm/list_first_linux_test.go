package xfrm

import (
	"os"
	"os/exec"
	"sync"
	"testing"
)

// firstLists is the variable in the environment of a process that does nothing before.
const firstLists = "DISCOVER_TEST_FIRST_LISTS"

// TestFirstLists: the first lists of a process are asked for by several goroutines at once. The
// race detector tells what they share.
func TestFirstLists(t *testing.T) {
	if os.Getenv(firstLists) == "" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		first := exec.CommandContext(t.Context(), self, "-test.run=^TestFirstLists$", "-test.count=1")
		first.Env = append(os.Environ(), firstLists+"=1")
		if out, err := first.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { _, _ = listPolicies(t.Context()) }) // which takes a privilege
	}
	all.Wait()
}
