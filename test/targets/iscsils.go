package targets

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/test/netns"
)

// lsLimit is how long iscsi-ls may take where nothing else is said.
const lsLimit = 30 * time.Second

// ErrLsLimit is the error of an iscsi-ls that did not end in time.
var ErrLsLimit = errors.New("targets: iscsi-ls did not end in time")

// IscsiLs runs iscsi-ls with more environment, such as CHAP.Env, and returns
// the portals by target, each as in TargetAddress ("127.0.0.1:3260,1"), sorted.
// The test fails if iscsi-ls does; see Ls for more choice.
func IscsiLs(t testing.TB, url string, env ...string) map[string][]string {
	t.Helper()
	list, err := Ls{Env: env}.List(t, url)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// An Ls is a way to run iscsi-ls, the initiator of libiscsi.
type Ls struct {
	Namespace *netns.Namespace // nil: where the test is
	Initiator string           // initiator name; empty: its own default
	Env       []string         // added to the environment
	Limit     time.Duration    // zero: 30 s
	// Quiet, if not zero, is how long it may print nothing more after it has
	// printed something; then it is ended, without error. With istgt it does
	// not end by itself, as its logout gets no answer.
	Quiet time.Duration
}

// List runs iscsi-ls. The result is as of func IscsiLs; an error has what
// iscsi-ls said.
func (l Ls) List(t testing.TB, url string) (map[string][]string, error) {
	t.Helper()
	// By itself it prints into a pipe at its end only, and it may have none.
	args := []string{"-oL", need.Program(t, "iscsi-ls")}
	if l.Initiator != "" {
		args = append(args, "-i", l.Initiator)
	}
	cmd := exec.Command(need.Program(t, "stdbuf"), append(args, url)...)
	cmd.Env = append(os.Environ(), l.Env...)
	out := lsOutput{wrote: make(chan struct{}, 1)}
	var complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	p, err := l.Namespace.Start(cmd)
	if err != nil {
		return nil, err
	}
	if err := l.wait(p, out.wrote); err != nil {
		return nil, fmt.Errorf("targets: iscsi-ls %s: %w: %s%s", url, err, out.buf.String(), complaint.String())
	}
	return parseLs(out.buf.String())
}

// wait waits for the end of iscsi-ls or brings it about.
func (l Ls) wait(p *netns.Process, wrote <-chan struct{}) error {
	limit := time.NewTimer(lsLimit)
	if l.Limit != 0 {
		limit.Reset(l.Limit)
	}
	defer limit.Stop()
	var quiet <-chan time.Time
	for {
		select {
		case <-p.Done():
			return p.Wait()
		case <-limit.C:
			p.Kill()
			return ErrLsLimit
		case <-wrote:
			if l.Quiet != 0 {
				quiet = time.After(l.Quiet)
			}
		case <-quiet:
			p.Kill()
			return nil
		}
	}
}

// lsOutput collects what iscsi-ls prints; buf is to be read after its end.
type lsOutput struct {
	buf   bytes.Buffer
	wrote chan struct{}
}

func (o *lsOutput) Write(p []byte) (int, error) {
	select {
	case o.wrote <- struct{}{}:
	default:
	}
	return o.buf.Write(p)
}

// parseLs reads lines such as "Target:iqn.2026-01.test:a Portal:[::1]:3260,1".
func parseLs(out string) (map[string][]string, error) {
	list := make(map[string][]string)
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		name, portal, ok := strings.Cut(strings.TrimPrefix(line, "Target:"), " Portal:")
		if !ok || !strings.HasPrefix(line, "Target:") {
			return nil, fmt.Errorf("targets: iscsi-ls printed %q", line)
		}
		list[name] = append(list[name], portal)
	}
	for _, portals := range list {
		slices.Sort(portals)
	}
	return list, nil
}
