package openiscsi

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-iscsi/discovery/cmd/discover/internal/iscsiadm"
	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// A tool runs one command line of iscsiadm.
type tool struct {
	*app.Command
	call     *iscsiadm.Call
	settings settings
}

// Run runs a command line of iscsiadm. Its error is an exit.StatusError, or one of
// writing.
func Run(ctx context.Context, c *app.Command, args []string) error {
	c.Program = "iscsiadm"
	t := &tool{Command: c}
	err := t.run(ctx, args)
	var (
		usage  *iscsiadm.UsageError
		status exit.StatusError
		ours   *exit.UsageError
	)
	switch {
	case err == nil, errors.As(err, &status), exit.IsBrokenPipe(err):
		return err
	case ctx.Err() != nil:
		t.Say("caught SIGINT, exiting...")
		return exit.StatusError(iscsiadm.ExitFailed)
	case errors.As(err, &usage):
		t.refuse(usage)
		return exit.StatusError(usage.Status())
	case errors.As(err, &ours):
		t.Say("%s", ours.Text)
		return exit.StatusError(iscsiadm.ExitUsage)
	}
	if e := (*initiator.Error)(nil); errors.As(err, &e) {
		return t.storeFailed(err)
	}
	t.Say("%v", err)
	return exit.StatusError(iscsiadm.ExitFailed)
}

// run runs a command line.
func (t *tool) run(ctx context.Context, args []string) (err error) {
	if t.settings, err = t.readSettings(); err != nil {
		return err
	}
	if t.call, err = iscsiadm.Parse(args); err != nil {
		return err
	}
	if t.call.Mode.Ours() {
		if err := t.call.Check(); err != nil {
			return err
		}
	}
	switch t.call.Action() {
	case iscsiadm.ShowVersion:
		return write(t.Stdout, []byte("iscsiadm version "+realVersion+" (discover "+app.Version()+")\n"))
	case iscsiadm.ShowHelp:
		return write(t.Stdout, []byte(manual+"\n"))
	case iscsiadm.Ask, iscsiadm.AskStored, iscsiadm.AskDB:
		return t.ask(ctx)
	case iscsiadm.AskISNS:
		return t.askISNS(ctx)
	case iscsiadm.List:
		return t.list(ctx)
	case iscsiadm.ShowRecord:
		return t.showRecord(ctx)
	case iscsiadm.MakeRecord:
		return t.newRecord(ctx)
	case iscsiadm.UpdateRecord:
		return t.updateRecord(ctx)
	case iscsiadm.DeleteRecord:
		return t.deleteRecord(ctx)
	case iscsiadm.Refuse:
		return t.refuseRecord(ctx)
	}
	return t.elsewhere(ctx, args)
}

// refuse says what is wrong with a command line.
func (t *tool) refuse(e *iscsiadm.UsageError) {
	for _, line := range e.Lines() {
		fmt.Fprintln(t.Stderr, terminal.Visible(line))
	}
}

// status says a line, and returns the exit status with which the tool ends.
func (t *tool) status(status int, format string, args ...any) error {
	t.Say(format, args...)
	return exit.StatusError(status)
}

// realVersion is the version of open-iscsi that discover iscsiadm passes for: callers look
// at the number alone.
const realVersion = "2.1.11"
