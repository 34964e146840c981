package initiator

import (
	"context"

	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// open returns the batch that is being filled.
func (a *attempt) open() *Batch {
	if a.batch == nil {
		a.batch = a.pool.batches.get(a.index, a.result.Asked.Portal)
		a.batch.Address = a.result.Address
	}
	return a.batch
}

// handOn emits what waits. The time that it takes is the consumer's.
func (a *attempt) handOn() error {
	b := a.batch
	if b == nil {
		return nil
	}
	a.batch = nil
	if a.watch == nil {
		if a.pool.delivery.offer(b) {
			return nil
		}
		return a.pool.delivery.emit(b)
	}
	b.watch, b.work = a.watch, a.watch.Current()
	if a.pool.delivery.offer(b) {
		return nil
	}
	a.watch.Pause()
	defer a.watch.Resume()
	if err := a.pool.delivery.emit(b); err != nil {
		return err
	}
	return context.Cause(a.watch.Ctx) // the consumer may have stopped it
}

// found takes a target from the list.
func (a *attempt) found(t *target.Record) error {
	a.result.TargetsFound++
	b := a.open()
	if b.Append(t); a.pool.delivery.room(b) == 0 {
		return a.handOn()
	}
	return nil
}

// foundMore takes targets of which t has all but the names.
func (a *attempt) foundMore(t *target.Record, text pdu.Text, names []target.Span) error {
	for len(names) > 0 {
		if len(t.Alias) > 0 || a.batch == nil || a.batch.Len() == 0 {
			one := *t
			one.Name = text[names[0].From:names[0].To]
			if err := a.found(&one); err != nil {
				return err
			}
			names = names[1:]
			continue
		}
		n := min(len(names), a.pool.delivery.room(a.batch))
		a.batch.AppendNames(text, names[:n])
		a.result.TargetsFound += n
		if names = names[n:]; a.pool.delivery.room(a.batch) == 0 {
			if err := a.handOn(); err != nil {
				return err
			}
		}
	}
	return nil
}
