package daemon

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/seal"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/sqlite"
	"github.com/go-iscsi/discovery/test/iscsitest"
	"github.com/go-iscsi/discovery/test/output"
	"github.com/go-iscsi/discovery/test/poll"
)

// patience is how long a test waits for what has to happen at once.
const patience = 20 * time.Second

// A house is a daemon that runs in a test.
type house struct {
	t              *testing.T
	dir, registry  string
	stdout, stderr output.Buffer
	variables      map[string]string // of the environment; none else is there
	reload         chan os.Signal
	end            context.CancelFunc
	ended          chan int
	url            string
}

// newHouse returns the place for a daemon, with an empty registry.
func newHouse(t *testing.T) *house {
	t.Helper()
	dir := t.TempDir()
	h := &house{t: t, dir: dir, registry: filepath.Join(dir, "registry.db"), reload: make(chan os.Signal, 1), ended: make(chan int, 1)}
	h.with(func(*registry.Service) {})
	return h
}

// with opens the registry beside the daemon.
func (h *house) with(use func(*registry.Service)) {
	h.t.Helper()
	store, err := sqlite.Open(h.t.Context(), h.registry)
	if err != nil {
		h.t.Fatal(err)
	}
	d := &initiator.Discoverer{InitiatorName: "iqn.2026-11.example:i"}
	s, err := registry.Open(registry.Config{Store: store, Discoverer: d, Sealer: seal.KeyFileFor(filepath.Join(h.dir, "registry.key"), h.registry)})
	if err != nil {
		h.t.Fatal(err)
	}
	use(s)
	if err := s.Close(); err != nil {
		h.t.Error(err)
	}
}

// add puts an entry into the registry, and asks it.
func (h *house) add(server *iscsitest.Server, name string, o login.Options) {
	h.t.Helper()
	h.with(func(s *registry.Service) {
		p := initiator.SendTargetPortal{Portal: initiator.Portal{SymbolicName: name, Address: server.Addr.Addr().String(), Port: server.Addr.Port()}, Login: o}
		if r, err := s.AddSendTargetPortal(h.t.Context(), p); !r.Stored {
			h.t.Fatal(err)
		}
	})
}

var listening = regexp.MustCompile(`listening at (\S+)`)

// start starts the daemon, and waits until it listens.
func (h *house) start(args ...string) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	h.end = cancel
	env := machine.Real()
	env.Stdout, env.Stderr = &h.stdout, &h.stderr
	env.LookupEnv = func(name string) (string, bool) { value, ok := h.variables[name]; return value, ok }
	args = append([]string{"--registry", h.registry, "--listen", "127.0.0.1:0", "--every", "1s", "--now", "--initiator-name", "iqn.2026-11.example:i", "-v"}, args...)
	go func() { h.ended <- Run(ctx, args, env, h.reload) }()
	h.t.Cleanup(func() { h.stop() })
	h.until("the daemon listens", func() bool {
		m := listening.FindStringSubmatch(h.stderr.String())
		if m != nil {
			h.url = "http://" + m[1]
		}
		return m != nil
	})
}

// stop ends the daemon, and returns its exit status.
func (h *house) stop() int {
	h.end()
	select {
	case status := <-h.ended:
		h.ended <- status
		return status
	case <-time.After(patience):
		h.t.Error("the daemon does not end")
		return -1
	}
}

func (h *house) until(what string, is func() bool) {
	h.t.Helper()
	poll.Until(h.t, patience, what, func() string {
		if is() {
			return ""
		}
		return "standard error:\n" + h.stderr.String()
	})
}

// get returns status and body of a path.
func (h *house) get(path string) (int, string) {
	h.t.Helper()
	return h.do(http.MethodGet, path, nil)
}

func (h *house) do(method, path string, change func(*http.Request)) (int, string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// hasLine waits until an answer has a line.
func (h *house) hasLine(path, line string) {
	h.t.Helper()
	h.until(path+" has "+line, func() bool {
		_, body := h.get(path)
		return strings.Contains(body, line+"\n")
	})
}
