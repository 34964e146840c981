package leader

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// maxChecks is how often what a host has delivered is read, so that one that writes it again
// and again does not keep the leader busy.
const maxChecks = 8

// A fetch asks one host for one answer, checks it, and copies it.
type fetch struct {
	*term
	digest  fleet.Digest
	host    string
	targets int // that the host says the answer has

	sizes   map[int]int // of parts that the host wrote, in bytes
	checks  int
	written bool // parts of the copy were
}

// errLate is a host that did not deliver in time.
var errLate = errors.New("the host did not deliver the answer in time")

func (f *fetch) run(ctx context.Context) result {
	asked, err := f.write(ctx, clientv3.OpPut(f.cfg.Keys.Want(f.host, f.digest), ""))
	if err == nil {
		err = f.deliver(ctx, asked)
	}
	if err != nil { // also where etcd may have written the ask, and its answer was lost
		f.takeBack(ctx, f.host, f.digest)
	}
	r := result{digest: f.digest, host: f.host, written: f.written, err: err}
	if lie := (*fleet.LieError)(nil); errors.As(err, &lie) {
		r.lie = fmt.Sprintf("answer %.12s…: %s", f.digest, lie.Why)
	} else if errors.Is(err, errLate) {
		r.late = fmt.Sprintf("answer %.12s…: it names it, and did not deliver it within %s", f.digest, 2*f.cfg.Every)
	}
	return r
}

// deliver waits until the host has delivered the answer, whole and true, and copies it.
func (f *fetch) deliver(ctx context.Context, asked int64) error {
	late, cancel := context.WithTimeoutCause(ctx, 2*f.cfg.Every, errLate)
	defer cancel()
	watch := f.client.Watch(clientv3.WithRequireLeader(late), f.cfg.Keys.Answers(f.host)+f.digest.String()+"/", clientv3.WithPrefix(),
		clientv3.WithRev(asked), clientv3.WithFilterDelete(), clientv3.WithCreatedNotify(), clientv3.WithFragment())
	for {
		select {
		case <-late.Done():
			return f.late(ctx)
		case response, open := <-watch:
			switch {
			case late.Err() != nil:
				return f.late(ctx)
			case !open:
				return errors.New("etcd ended the watch of a host's answer")
			case response.Err() != nil:
				return f.explain("watch the answer of a host", f.cfg.Keys.Answers(f.host), response.Err())
			}
			// At first all may be there already, since an earlier leader asked for it.
			if f.note(response.Events); !response.Created && !f.isWhole() || f.checks == maxChecks {
				continue
			}
		}
		f.checks++
		if copied, err := f.take(ctx, false); copied || err != nil {
			return err
		}
	}
}

// late looks once more at what was delivered when the time is over.
func (f *fetch) late(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if copied, err := f.take(ctx, true); copied || err != nil {
		return err
	}
	return errLate
}

// note keeps which parts the host wrote.
func (f *fetch) note(events []*clientv3.Event) {
	if f.sizes == nil {
		f.sizes = map[int]int{}
	}
	for _, e := range events {
		if k := f.cfg.Keys.Parse(string(e.Kv.Key)); k.Kind == fleet.KindPart {
			f.sizes[k.Part] = len(e.Kv.Value)
		}
	}
}

// isWhole reports whether the host wrote all parts up to one that is not full, which is the
// last.
func (f *fetch) isWhole() bool {
	for n := 0; ; n++ {
		if size, ok := f.sizes[n]; !ok || size < fleet.MaxPartLen {
			return ok
		}
	}
}

// take reads what is there now, checks it, and copies it if it is the answer. What is there
// and cannot become the answer is a *fleet.LieError; in the end, all that is not it. It reads
// one answer of the term at a time, so that memory is bounded.
func (f *fetch) take(ctx context.Context, end bool) (copied bool, err error) {
	f.reading.Lock()
	defer f.reading.Unlock()
	parts, err := f.read(ctx)
	if err != nil || len(parts) == 0 {
		return false, err
	}
	targets, err := fleet.Decode(f.digest, parts)
	if lie := (*fleet.LieError)(nil); errors.As(err, &lie) && lie.Cut && !end {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if len(targets) != f.targets {
		return false, f.lie(fmt.Sprintf("it has %d targets, and the host says that it has %d", len(targets), f.targets))
	}
	return true, f.copy(ctx, parts)
}

func (f *fetch) lie(why string) error { return &fleet.LieError{Digest: f.digest, Why: why} }

// read reads the parts that are there, from the first on.
func (f *fetch) read(ctx context.Context) (parts [][]byte, err error) {
	for {
		part, err := f.part(ctx, len(parts))
		n := len(parts)
		switch {
		case err != nil || part == nil:
			return parts, err
		case n == fleet.MaxParts:
			return nil, f.lie(fmt.Sprintf("it has more than %d parts", fleet.MaxParts))
		case len(part) > fleet.MaxPartLen:
			return nil, f.lie(fmt.Sprintf("a part has %d bytes, more than %d", len(part), fleet.MaxPartLen))
		case n > 0 && len(parts[n-1]) < fleet.MaxPartLen:
			return nil, f.lie("a part is not full, and not the last")
		}
		parts = append(parts, part)
	}
}

// part reads a part of the host's; nil: it is not there.
func (f *fetch) part(ctx context.Context, n int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	got, err := f.client.Get(ctx, f.cfg.Keys.Answer(f.host, f.digest, n))
	if err != nil {
		return nil, f.explain("read the answer of a host", f.cfg.Keys.Answer(f.host, f.digest, n), err)
	}
	if len(got.Kvs) == 0 {
		return nil, nil
	}
	return append([]byte{}, got.Kvs[0].Value...), nil
}

// copy writes the answer to where all read it, the first part last: once that is there all
// are. With it the host is told that it may remove its own.
func (f *fetch) copy(ctx context.Context, parts [][]byte) error {
	for n := len(parts) - 1; n >= 0; n-- {
		ops := []clientv3.Op{clientv3.OpPut(f.cfg.Keys.Copied(f.digest, n), string(parts[n]))}
		if n == 0 {
			ops = append(ops, clientv3.OpDelete(f.cfg.Keys.Want(f.host, f.digest)))
		}
		f.written = true // also where etcd's answer is lost
		if _, err := f.write(ctx, ops...); err != nil {
			return f.explain("copy an answer", f.cfg.Keys.Copied(f.digest, n), err)
		}
	}
	return nil
}
