package sqlite_test

import (
	"os"
	"testing"
)

// missing skips a test for want of something, or fails it where nothing may be
// left out.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("DISCOVER_TEST_ALL") == "1" {
		t.Fatalf("this test needs %s", what)
	}
	t.Skipf("this test needs %s", what)
}
