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
	started{
		command: "discover",
		known:   ofBoth,
		never:   []string{"net/http", "crypto/tls", "crypto/x509", "html/template", "encoding/xml", "encoding/gob", "go/ast", "testing", "expvar", "net/rpc", "plugin"},
		ours:    8 << 10, theirs: 24 << 10, all: 128 << 10,
	}.check(t)
}

// TestStartOfDaemon is that for discoverd, which starts once and then stays: it has HTTP
// and Prometheus, and nothing else that is not known here.
func TestStartOfDaemon(t *testing.T) {
	t.Parallel()
	started{
		command: "discoverd",
		known:   slices.Concat(ofBoth, ofDaemon, ofEtcd),
		never:   []string{"encoding/xml", "encoding/gob", "go/ast", "testing", "net/rpc", "net/http/pprof", "net/http/httptest", "os/user", "plugin"},
		ours:    24 << 10, theirs: 192 << 10, all: 1280 << 10, // half of it is descriptors of etcd's messages
	}.check(t)
}

// TestStartOfFleet is that for discover-fleet, which discover runs: it has the client of
// etcd, and nothing else that is not known here.
func TestStartOfFleet(t *testing.T) {
	t.Parallel()
	started{
		command: "discover-fleet",
		known:   slices.Concat(ofBoth, ofFleet, ofEtcd),
		never:   []string{"encoding/xml", "encoding/gob", "go/ast", "testing", "net/http/pprof", "net/http/httptest", "os/user", "plugin"},
		ours:    24 << 10, theirs: 512 << 10, all: 1 << 20,
	}.check(t)
}

// ofEtcd is what discoverd and discover-fleet may link for etcd's client.
var ofEtcd = []string{
	"go.etcd.io/etcd/client/v3", "go.etcd.io/etcd/api/v3", "go.etcd.io/etcd/client/pkg/v3",
	"github.com/coreos/go-semver", "github.com/golang/protobuf", "github.com/grpc-ecosystem/grpc-gateway/v2", "go.uber.org/zap", "go.uber.org/multierr",
	"google.golang.org/grpc", "google.golang.org/genproto/googleapis/api", "google.golang.org/genproto/googleapis/rpc",
}

// ofFleet is what discover-fleet may link besides.
var ofFleet = []string{"golang.org/x/net", "google.golang.org/protobuf", "github.com/coreos/go-systemd/v22"}

// ofBoth is what all commands may link, with all below it. docs/dev/linked.md lists the
// modules, and why (TestLinked).
var ofBoth = []string{
	module, "golang.org/x/crypto", "golang.org/x/sys", "golang.org/x/term", "golang.org/x/text", "golang.org/x/time",
	"github.com/spf13/cobra", "github.com/spf13/pflag",
	"github.com/vishvananda/netlink/nl", "github.com/vishvananda/netns", // Linux
	"gvisor.dev/gvisor", "github.com/google/btree", "golang.org/x/exp", // TCP within IPsec
	"modernc.org/sqlite", "modernc.org/libc", "modernc.org/mathutil", "modernc.org/memory",
	"github.com/dustin/go-humanize", "github.com/google/uuid", "github.com/remyoudompheng/bigfft", "github.com/ncruces/go-strftime", "github.com/mattn/go-isatty", // of SQLite
}

// ofDaemon is what discoverd may link besides.
var ofDaemon = []string{
	"golang.org/x/net", "golang.org/x/oauth2", "golang.org/x/sync",
	"github.com/prometheus/client_golang", "github.com/prometheus/client_model", "github.com/prometheus/common", "github.com/prometheus/procfs", "github.com/prometheus/exporter-toolkit",
	"github.com/beorn7/perks", "github.com/cespare/xxhash/v2", "github.com/munnerz/goautoneg", "google.golang.org/protobuf", // of client_golang
	"github.com/coreos/go-systemd/v22",
	"github.com/golang-jwt/jwt/v5", "github.com/jpillora/backoff", "github.com/mdlayher/socket", "github.com/mdlayher/vsock", "github.com/mwitkow/go-conntrack", "go.yaml.in/yaml/v2", // of exporter-toolkit
}

// A started says what a command may link, and how many bytes a package of ours, one of
// others, and all together may allocate before main.
type started struct {
	command           string
	known, never      []string
	ours, theirs, all int
}

func (s started) check(t *testing.T) {
	t.Helper()
	for _, dep := range deps(t, "../..", "./cmd/"+s.command) {
		first, _, _ := strings.Cut(dep, "/")
		below := func(k string) bool { return dep == k || strings.HasPrefix(dep, k+"/") }
		if strings.Contains(first, ".") && !slices.ContainsFunc(s.known, below) {
			t.Errorf("the command links %s", dep)
		}
		if slices.Contains(s.never, dep) {
			t.Errorf("the command links %s, which costs each start", dep)
		}
	}

	command := filepath.Join(t.TempDir(), s.command)
	run(t, "../..", "go", "build", "-o", command, "./cmd/"+s.command)
	cmd := exec.Command(command, "version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var trace bytes.Buffer
	cmd.Stderr = &trace
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, m := range regexp.MustCompile(`(?m)^init (\S+) @.* (\d+) bytes, \d+ allocs$`).FindAllStringSubmatch(trace.String(), -1) {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		total += n
		most := s.theirs
		if m[1] == "main" || strings.HasPrefix(m[1], module) {
			most = s.ours
		}
		if n > most {
			t.Errorf("%s allocates %d bytes before main, want at most %d: make it when it is used", m[1], n, most)
		}
	}
	if total == 0 || total > s.all {
		t.Errorf("packages allocate %d bytes before main, want at most %d", total, s.all)
	}
}
