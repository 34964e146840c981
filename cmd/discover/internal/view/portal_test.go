package view

import (
	"errors"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/flags"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// What is held has a bound, and a portal that is beyond it fails; the rest of what
// came of it is not shown as if it were all.
func TestHeldBound(t *testing.T) {
	t.Parallel()
	v := &Addresses{View: &flags.View{ViaPortal: true}}
	p := v.portal(initiator.Portal{Address: "array.example", Port: 3260})
	left := 4
	room := func(n int64) bool {
		if n < 60 {
			t.Errorf("a target takes %d bytes", n)
		}
		left--
		return left >= 0
	}
	b := &initiator.Batch{}
	b.Add(&target.Target{Name: "iqn.2026-11.com.example:disk1", Addresses: []target.Address{{Host: "10.0.0.5", Port: 3260}}})
	for range 10 {
		p.hold(b, room)
	}
	p.hold(&initiator.Batch{Result: &initiator.Result{TargetsFound: 10}}, room)
	var shown int
	var r *initiator.Result
	p.flush(func(b *initiator.Batch) bool {
		shown += b.Len()
		r = b.Result
		return true
	})
	var limit *pdu.LimitError
	if shown != 4 || r == nil || r.TargetsFound != 4 || !errors.As(r.Err, &limit) {
		t.Errorf("shown %d, result %+v", shown, r)
	}
}
