package registrypipe

import (
	"context"
	"errors"
	"os/exec"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/wording"
)

// Program is the program that opens a registry in etcd, and Verb is its first argument; the
// prefix of the registry is the second.
const (
	Program = "discover-fleet"
	Verb    = "serve-registry"
)

// errMissing says what to install.
var errMissing = errors.New("a registry in etcd needs the program " + Program + ", which is neither beside discover nor in PATH: install it from the same release (it is built from cmd/" + Program + ")")

// Start has the program open a registry in etcd below a prefix. How etcd is reached is in
// the environment, which the program has from this process.
func Start(_ context.Context, w *machine.Env, prefix string) (*Client, error) {
	path, err := "", exec.ErrNotFound
	if w.Program != nil {
		path, err = w.Program(Program)
	}
	if err != nil {
		return nil, errMissing
	}
	cmd := exec.Command(path, Verb, prefix) // it ends when its standard input does
	cmd.Stderr = w.Stderr
	out, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	in, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.New(path + " cannot be run: " + wording.ReasonOnly(err))
	}
	return Open(in, out, cmd.Wait)
}
