package fleetprogram

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// Run runs the program with the arguments behind discover fleet. Where the system can, this
// process becomes the program.
func Run(ctx context.Context, c *app.Command, args []string) error {
	path, err := find(&c.Env)
	if err != nil {
		return err
	}
	c.Log().Info("running", "program", path)
	return become(ctx, c, path, args)
}

// program is the name of the file.
const program = "discover-fleet"

// errMissing says what to install.
var errMissing = errors.New("discover fleet needs the program " + program + ", which is neither beside discover nor in PATH: install it from the same release (it is built from cmd/" + program + ")")

// find returns the path of the program.
func find(w *machine.Env) (string, error) {
	if w.Program != nil {
		if path, err := w.Program(program); err == nil {
			return path, nil
		}
	}
	return "", errMissing
}

// IsMissing reports that the program is not installed.
func IsMissing(w *machine.Env) bool {
	_, err := find(w)
	return err != nil
}

// Bounds of a completion: a shell waits for it.
const (
	completionTime = 3 * time.Second
	maxOffers      = 1 << 20 // bytes
)

// complete asks the program what may follow. Without it nothing is offered.
func complete(ctx context.Context, w *machine.Env, words []string) ([]string, cobra.ShellCompDirective) {
	path, err := find(w)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append([]string{cobra.ShellCompRequestCmd}, words...)...)
	out := &bounded{}
	cmd.Stdout = out
	if err := cmd.Run(); err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return parseOffers(out.b.String())
}

// parseOffers reads what cobra prints: a line for each word, and in the last what the shell
// is to do.
func parseOffers(out string) ([]string, cobra.ShellCompDirective) {
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	last := lines[len(lines)-1]
	n, err := strconv.ParseUint(strings.TrimPrefix(last, ":"), 10, 8)
	if err != nil || !strings.HasPrefix(last, ":") {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return lines[:len(lines)-1], cobra.ShellCompDirective(n)
}

// A bounded is a buffer that fails when it is full.
type bounded struct{ b bytes.Buffer }

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.b.Len()+len(p) > maxOffers {
		return 0, errors.New("too much was printed")
	}
	return b.b.Write(p)
}
