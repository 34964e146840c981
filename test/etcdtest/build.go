package etcdtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// serverModule is the nested module's only tool.
const serverModule = "go.etcd.io/etcd/server/v3"

// Program returns the path of a server, which is built where it has to be: without the
// race detector, whatever the test has.
func Program(t testing.TB, k Kind) string {
	t.Helper()
	if k != Built {
		return need.Program(t, "etcd")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(cache, "discovery-tests", "etcd-"+Version+"-"+runtime.GOOS+"-"+runtime.GOARCH)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(folder, "etcd")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	building.Lock()
	defer building.Unlock()
	unlock, err := lock(filepath.Join(folder, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, err := os.Stat(program); err == nil {
		return program
	}
	if building.failed == "" {
		building.failed = build(t, program)
	}
	if building.failed != "" {
		need.Missing(t, "etcd "+Version+" ("+building.failed+")", "go -C test/etcdtest/server mod download")
	}
	return program
}

// building is for one goroutine at a time. A build that failed is not tried again.
var building struct {
	sync.Mutex
	failed string // why; guarded by the Mutex
}

// build builds the server, or returns why it cannot. The server gets its name when it
// is whole. Unless all tests are to run, modules that are not on the machine are not
// fetched: whoever tries the project with "go test ./..." has not asked for a server and
// its sixty modules.
func build(t testing.TB, program string) (failed string) {
	t.Helper()
	module := filepath.Join(root(t), "test", "etcdtest", "server")
	part := program + ".part"
	cmd := exec.Command(need.Program(t, "go"), "build", "-o", part, serverModule)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if os.Getenv(need.All) != "1" {
		cmd.Env = append(cmd.Env, "GOPROXY=off")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		out = bytes.TrimSpace(out)
		return fmt.Sprintf("go build: %v: %s", err, out[bytes.LastIndexByte(out, '\n')+1:])
	}
	if err := os.Rename(part, program); err != nil {
		t.Fatal(err)
	}
	return ""
}

// root returns the folder of the project's go.mod.
func root(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "test", "etcdtest", "server", "go.mod")); err == nil {
			return folder
		}
		up := filepath.Dir(folder)
		if up == folder {
			t.Fatal("the test does not run within the project's folder")
		}
		folder = up
	}
}
