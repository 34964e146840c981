package strongswan

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// A daemon is charon, as far as this package has to do with it. Like the
// connection that it is reached by, it does one thing at a time.
type daemon struct {
	*vici.Conn
	socket string
}

// call has charon carry out a command that has no events.
func (d daemon) call(ctx context.Context, command string, request vici.Section) (vici.Section, error) {
	answer, err := d.Call(ctx, command, request)
	return answer, d.explain(err)
}

// explain returns the error of a command: a refusal as it is, anything else as
// trouble with the daemon.
func (d daemon) explain(err error) error {
	var refused *vici.FailedError
	if err == nil || errors.As(err, &refused) {
		return err
	}
	return &DaemonError{Socket: d.socket, Err: err}
}

// list has charon list something by events, and yields the sections of those by
// name.
func (d daemon) list(ctx context.Context, command, event string, filter vici.Section) (iter.Seq2[string, vici.Section], error) {
	var all vici.Section
	_, err := d.Stream(ctx, command, event, filter, func(s vici.Section) error {
		all = append(all, s...)
		return nil
	})
	return all.Subs(), d.explain(err)
}

// connections lists the configured ones, of all, and associations the IKE
// associations; a name selects.
func (d daemon) connections(ctx context.Context) (iter.Seq2[string, vici.Section], error) {
	return d.list(ctx, "list-conns", "list-conn", nil)
}

func (d daemon) associations(ctx context.Context, name string) (iter.Seq2[string, vici.Section], error) {
	var filter vici.Section
	if name != "" {
		filter = vici.Section{vici.Text("ike", name)}
	}
	return d.list(ctx, "list-sas", "list-sa", filter)
}

// ours returns the names of all that is in charon with a name of ours.
func (d daemon) ours(ctx context.Context) ([]string, error) {
	connections, err := d.call(ctx, "get-conns", nil)
	if err != nil {
		return nil, err
	}
	keys, err := d.call(ctx, "get-shared", nil)
	if err != nil {
		return nil, err
	}
	names := slices.Concat(connections.List("conns"), keys.List("keys"))
	associations, err := d.associations(ctx, "")
	if err != nil {
		return nil, err
	}
	for name := range associations {
		names = append(names, name)
	}
	names = slices.DeleteFunc(names, func(name string) bool {
		_, ok := ownerOf(name)
		return !ok
	})
	slices.Sort(names)
	return slices.Compact(names), nil
}

// How to end associations: a DELETE that is not answered in time does without
// an answer.
const (
	terminateWait  = "1000" // milliseconds
	terminateEvery = 50 * time.Millisecond
)

// terminate ends the IKE associations of a name and what hangs on them, and
// waits until they are gone.
func (d daemon) terminate(ctx context.Context, name string) error {
	request := vici.Section{vici.Text("ike", name), vici.Text("force", "yes"), vici.Text("timeout", terminateWait)}
	for {
		_, err := d.call(ctx, "terminate", request)
		var refused *vici.FailedError // also that there are none
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		left, err := d.associations(ctx, name)
		if err != nil {
			return err
		}
		if !contains(left, name) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(terminateEvery):
		}
	}
}

func contains(sections iter.Seq2[string, vici.Section], name string) bool {
	for n := range sections {
		if n == name {
			return true
		}
	}
	return false
}

// forget takes all of a name out of charon: associations, connection, key. That
// something was not there is no error; that it still is, is.
func (d daemon) forget(ctx context.Context, name string) error {
	var refused *vici.FailedError
	err := d.terminate(ctx, name)
	if err == nil {
		_, err = d.call(ctx, "unload-conn", vici.Section{vici.Text("name", name)})
	}
	if err == nil || errors.As(err, &refused) {
		_, err = d.call(ctx, "unload-shared", vici.Section{vici.Text("id", name)})
	}
	if err != nil && !errors.As(err, &refused) {
		return &LeftoverError{Name: name, Err: err}
	}
	left, lerr := d.ours(ctx)
	switch {
	case lerr != nil:
		return &LeftoverError{Name: name, Err: lerr}
	case !slices.Contains(left, name):
		return nil
	case err == nil:
		err = errors.New("it stays there")
	}
	return &LeftoverError{Name: name, Err: err}
}
