package fleetverbs

import (
	"context"
	"os"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/fleettest"
	"github.com/go-iscsi/discovery/test/etcdtest"
	"github.com/go-iscsi/discovery/test/output"
)

// A world is an etcd and a fleet in it.
type world struct {
	t      *testing.T
	server *etcdtest.Server
	client *clientv3.Client
	keys   fleet.Keys
	name   string // of the fleet
}

func TestMain(m *testing.M) { os.Exit(etcdtest.Main(m)) }

func newWorld(t *testing.T) *world {
	t.Helper()
	s := etcdtest.Shared(t, etcdtest.Built)
	keys := fleettest.Keys(t, "lab")
	return &world{t: t, server: s, client: s.Client(t), keys: keys, name: fleettest.Name(keys)}
}

// An outcome is what a run of the command ended with.
type outcome struct {
	status         int
	stdout, stderr string
}

// runWith runs the command in an environment.
func runWith(ctx context.Context, env map[string]string, stdout, stderr *output.Buffer, args ...string) int {
	w := machine.Real()
	w.Stdout, w.Stderr = stdout, stderr
	w.LookupEnv = func(name string) (string, bool) { s, ok := env[name]; return s, ok }
	return Run(ctx, args, w)
}

// run runs the command on the fleet.
func (w *world) run(args ...string) outcome {
	w.t.Helper()
	var stdout, stderr output.Buffer
	status := runWith(w.t.Context(), w.env(), &stdout, &stderr, args...)
	return outcome{status, stdout.String(), stderr.String()}
}

func (w *world) env() map[string]string {
	return map[string]string{"DISCOVER_FLEET": w.name, "DISCOVER_ETCD": w.server.URL()}
}

// want holds a run to a status and to texts that both outputs have.
func (w *world) want(status int, stdout, stderr []string, args ...string) outcome {
	w.t.Helper()
	o := w.run(args...)
	if o.status != status {
		w.t.Errorf("%q: got exit status %d, want %d; standard error %s", args, o.status, status, o.stderr)
	}
	for _, s := range stdout {
		if !strings.Contains(o.stdout, s) {
			w.t.Errorf("%q: no %q on standard output:\n%s", args, s, o.stdout)
		}
	}
	for _, s := range stderr {
		if !strings.Contains(o.stderr, s) {
			w.t.Errorf("%q: no %q on standard error:\n%s", args, s, o.stderr)
		}
	}
	if len(stderr) == 0 && o.stderr != "" {
		w.t.Errorf("%q: got %q on standard error", args, o.stderr)
	}
	for line := range strings.Lines(o.stderr) {
		if !strings.HasPrefix(line, "discover: ") {
			w.t.Errorf("%q: got the line %q on standard error", args, line)
		}
	}
	if all := o.stdout + o.stderr; strings.ContainsAny(all, "\x1b\x07\u202e") {
		w.t.Errorf("%q: something got through unescaped:\n%q", args, all)
	}
	return o
}

// copyAnswer has all read an answer, as the leader does.
func (w *world) copyAnswer(a *fleet.Answer) {
	w.t.Helper()
	for i, p := range a.Parts {
		fleettest.Put(w.t, w.client, w.keys.Copied(a.Digest, i), string(p))
	}
}
