package need_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// recorder stands in for a test and keeps what it was told. Its Skipf and
// Fatalf return, unlike those of a real test.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper()                   {}
func (r *recorder) Name() string              { return "TestX" }
func (r *recorder) Skipf(f string, a ...any)  { r.skipped = fmt.Sprintf(f, a...) }
func (r *recorder) Fatalf(f string, a ...any) { r.failed = fmt.Sprintf(f, a...) }

func TestProgramIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, tt := range []struct {
		name, all string
		skip      bool
	}{
		{name: "skip", all: "", skip: true},
		{name: "fail", all: "1", skip: false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(need.All, tt.all)
			r := &recorder{TB: t}
			need.Program(r, "no-such-program")
			if got := r.skipped != ""; got != tt.skip {
				t.Errorf("skipped: got %t (%q), want %t", got, r.skipped, tt.skip)
			}
			if got := r.failed != ""; got != !tt.skip {
				t.Errorf("failed: got %t (%q), want %t", got, r.failed, !tt.skip)
			}
			if text := r.skipped + r.failed; !strings.Contains(text, "NOT TESTED: ") || !strings.Contains(text, "no-such-program") {
				t.Errorf("got %q, want a text that names the program", text)
			}
		})
	}
}

// TestStandardTools: whatever PATH says, a Unix has its shell.
func TestStandardTools(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such tools")
	}
	folder := t.TempDir()
	for _, path := range []string{"", folder} {
		t.Setenv("PATH", path)
		t.Setenv("PATH", need.StandardTools())
		if _, err := exec.LookPath("sh"); err != nil {
			t.Errorf("where PATH was %q: %v", path, err)
		}
		if got := os.Getenv("PATH"); !strings.HasPrefix(got, path) {
			t.Errorf("got PATH %q, want one that begins with %q", got, path)
		}
	}
}
