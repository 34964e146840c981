package strongswan

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/pkg/ipsec/enforce"
	"github.com/go-iscsi/discovery/pkg/ipsec/strongswan/internal/vici"
)

// How long charon may take.
const (
	// answerLimit is for a command that needs no peer.
	answerLimit = 5 * time.Second

	// hungAfter is how long a command goes without an answer, at least, before
	// charon counts as one that hangs: its caller may have had less time.
	hungAfter = 2 * time.Second
)

// maxListed is how much is read of a list, in bytes on the wire. An association
// has about a thousand.
const maxListed = 16 << 20

// A daemon is charon, as far as this package has to do with it. It is safe for
// concurrent use.
type daemon struct {
	socket string
	pool   *pool
	hung   breaker
	warn   func(ipsec.WarningCode, string)
}

// use does work on a connection with charon. The time that the work may take does
// not begin before there is a connection to be had; 0: the context's alone.
func (d *daemon) use(ctx context.Context, limit time.Duration, work func(context.Context, *vici.Conn) error) error {
	leave, err := enter(ctx, d.pool.slots)
	if err != nil {
		return &DaemonError{Socket: d.socket, Err: err}
	}
	defer leave()
	// Not before: while this one waited another may have found out.
	if err := d.hung.check(time.Now()); err != nil {
		return &DaemonError{Socket: d.socket, Err: err}
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, &NoAnswerError{Waited: limit})
		defer cancel()
	}
	begun := time.Now()
	err = d.connected(ctx, work)
	d.judge(ctx, time.Since(begun), limit > 0, err)
	return d.explain(err)
}

func (d *daemon) connected(ctx context.Context, work func(context.Context, *vici.Conn) error) error {
	conn, err := d.pool.get(ctx)
	if err != nil {
		return err
	}
	defer d.pool.put(conn)
	return work(ctx, conn)
}

// judge notes whether charon answers.
func (d *daemon) judge(ctx context.Context, took time.Duration, prompt bool, err error) {
	var busy *vici.BusyError
	switch {
	case err == nil, answered(err):
		d.hung.answered()
	case !prompt && !errors.As(err, &busy), took < hungAfter, ctx.Err() == nil, !errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		// It was not asked, or was not given the time.
	default:
		none := &NoAnswerError{Waited: took, Busy: errors.As(err, &busy)}
		var limit *NoAnswerError
		if errors.As(context.Cause(ctx), &limit) {
			none.Waited = limit.Waited
		}
		if d.hung.trip(time.Now(), none) {
			d.warn(enforce.WarnDaemon, (&DaemonError{Socket: d.socket, Err: none}).Error()+", so what it has set up is unknown: portals that need it fail, and other portals are asked as usual")
		}
	}
}

// answered reports an error that is in what charon answered.
func answered(err error) bool {
	var (
		refused   *vici.FailedError
		many      *ListError
		conflict  *ConflictError
		notProven *enforce.NotProvenError
	)
	return errors.As(err, &refused) || errors.As(err, &many) || errors.As(err, &conflict) || errors.As(err, &notProven)
}

// explain returns the error of a command: as it is where charon answered, and
// anything else as trouble with the daemon.
func (d *daemon) explain(err error) error {
	var trouble *DaemonError
	if err == nil || answered(err) || errors.As(err, &trouble) {
		return err
	}
	return &DaemonError{Socket: d.socket, Err: err}
}

// errReached ends work for which it is enough that there is a connection.
var errReached = errors.New("reached")

// reach connects, and returns why that cannot be done. That charon answers, it
// does not show.
func (d *daemon) reach(ctx context.Context) error {
	err := d.use(ctx, answerLimit, func(context.Context, *vici.Conn) error { return errReached })
	if errors.Is(err, errReached) {
		return nil
	}
	return err
}

// call has charon carry out a command that has no events.
func (d *daemon) call(ctx context.Context, command string, request vici.Section) (answer vici.Section, err error) {
	err = d.use(ctx, answerLimit, func(ctx context.Context, conn *vici.Conn) (err error) {
		answer, err = conn.Call(ctx, command, request)
		return err
	})
	return answer, err
}

// list has charon list something by events, and hands on the sections of those by
// name, as they come. A list of more than maxListed is a *ListError.
func (d *daemon) list(ctx context.Context, command, event string, filter vici.Section, each func(name string, s vici.Section) error) error {
	return d.use(ctx, answerLimit, func(ctx context.Context, conn *vici.Conn) error {
		size := 0
		_, err := conn.Stream(ctx, command, event, filter, func(s vici.Section) error {
			if size += s.Size(); size > maxListed {
				return &ListError{Command: command, Limit: maxListed}
			}
			for name, sub := range s.Subs() {
				if err := each(name, sub); err != nil {
					return err
				}
			}
			return nil
		})
		return err
	})
}

// connections lists the configured ones, and associations the IKE associations; a
// name selects.
func (d *daemon) connections(ctx context.Context, each func(name string, s vici.Section) error) error {
	return d.list(ctx, "list-conns", "list-conn", nil, each)
}

func (d *daemon) associations(ctx context.Context, name string, each func(name string, s vici.Section) error) error {
	var filter vici.Section
	if name != "" {
		filter = vici.Section{vici.Text("ike", name)}
	}
	return d.list(ctx, "list-sas", "list-sa", filter, each)
}

// up reports whether there are associations of a name.
func (d *daemon) up(ctx context.Context, name string) (up bool, err error) {
	err = d.associations(ctx, name, func(n string, _ vici.Section) error {
		up = up || n == name
		return nil
	})
	return up, err
}

// ours returns the names of all that is in charon with a name of ours.
func (d *daemon) ours(ctx context.Context) ([]string, error) {
	connections, err := d.call(ctx, "get-conns", nil)
	if err != nil {
		return nil, err
	}
	keys, err := d.call(ctx, "get-shared", nil)
	if err != nil {
		return nil, err
	}
	names := slices.Concat(connections.List("conns"), keys.List("keys"))
	names = slices.DeleteFunc(names, func(name string) bool { return !isOurs(name) })
	err = d.associations(ctx, "", func(name string, _ vici.Section) error {
		if isOurs(name) {
			names = append(names, name)
		}
		return nil
	})
	slices.Sort(names)
	return slices.Compact(names), err
}

// How to end associations: a DELETE that is not answered in time does without
// an answer.
const (
	terminateWait  = "1000" // milliseconds
	terminateEvery = 50 * time.Millisecond
)

// terminate ends the IKE associations of a name and what hangs on them, and
// waits until they are gone.
func (d *daemon) terminate(ctx context.Context, name string) error {
	request := vici.Section{vici.Text("ike", name), vici.Text("force", "yes"), vici.Text("timeout", terminateWait)}
	for {
		_, err := d.call(ctx, "terminate", request)
		var refused *vici.FailedError // also that there are none
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		if up, err := d.up(ctx, name); err != nil || !up {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(terminateEvery):
		}
	}
}

// forget takes all of a name out of charon: associations, connection, key. That
// something was not there is no error; that it still is, is.
func (d *daemon) forget(ctx context.Context, name string) error {
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
