package architecture

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestStart: what the command links is started with each run of it, whatever the
// verb. Nothing is linked that a scan has no use for and that is not known here, and
// what packages do before main is little: by what they allocate, not by the clock.
func TestStart(t *testing.T) {
	t.Parallel()
	known := []string{ // with all below them
		module, "golang.org/x/crypto", "golang.org/x/sys", "golang.org/x/term", "golang.org/x/text", "golang.org/x/time/rate",
		"github.com/spf13/cobra", "github.com/spf13/pflag",
		"github.com/vishvananda/netlink/nl", "github.com/vishvananda/netns", // Linux
		"modernc.org/sqlite", "modernc.org/libc", "modernc.org/mathutil", "modernc.org/memory",
		"github.com/dustin/go-humanize", "github.com/google/uuid", "github.com/remyoudompheng/bigfft", "github.com/ncruces/go-strftime", "github.com/mattn/go-isatty", // of SQLite
	}
	never := []string{"net/http", "crypto/tls", "crypto/x509", "html/template", "encoding/xml", "encoding/gob", "go/ast", "testing", "expvar", "net/rpc", "plugin"}
	for _, dep := range deps(t, "../..", "./cmd/discover") {
		first, _, _ := strings.Cut(dep, "/")
		below := func(k string) bool { return dep == k || strings.HasPrefix(dep, k+"/") }
		if strings.Contains(first, ".") && !slices.ContainsFunc(known, below) {
			t.Errorf("the command links %s", dep)
		}
		if slices.Contains(never, dep) {
			t.Errorf("the command links %s, which costs each start", dep)
		}
	}

	command := filepath.Join(t.TempDir(), "discover")
	run(t, "../..", "go", "build", "-o", command, "./cmd/discover")
	cmd := exec.Command(command, "version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var trace bytes.Buffer
	cmd.Stderr = &trace
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	const ours, theirs, all = 8 << 10, 24 << 10, 128 << 10 // bytes
	total := 0
	for _, m := range regexp.MustCompile(`(?m)^init (\S+) @.* (\d+) bytes, \d+ allocs$`).FindAllStringSubmatch(trace.String(), -1) {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		total += n
		most := theirs
		if m[1] == "main" || strings.HasPrefix(m[1], module) {
			most = ours
		}
		if n > most {
			t.Errorf("%s allocates %d bytes before main, want at most %d: make it when it is used", m[1], n, most)
		}
	}
	if total == 0 || total > all {
		t.Errorf("packages allocate %d bytes before main, want at most %d", total, all)
	}
}
