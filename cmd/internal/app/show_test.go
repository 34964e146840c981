package app

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/stream"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// TestUnlistedTargets: what was read of a portal that is not listed is in no other
// result.
func TestUnlistedTargets(t *testing.T) {
	t.Parallel()
	for _, format := range []string{render.FormatTable, render.FormatJSON} {
		var text strings.Builder
		c := &Command{Env: machine.Env{Interfaces: machine.NoInterfaces, Room: machine.UsualBounds(), Stderr: io.Discard, Terminal: func(io.Writer) int { return 0 }}}
		c.Global.Output = format
		w := stream.New(&text, nil)
		o := c.NewOutput(w)
		b := &initiator.Batch{Result: &initiator.Result{}}
		b.Add(&target.Target{Name: "iqn.2026-11.com.example:unlisted", Addresses: []target.Address{{Host: "h", Port: 3260}}})
		if err := o.Targets(b); err != nil {
			t.Fatal(err)
		}
		o.Silent(b.Result)
		if err := errors.Join(o.Portal(&initiator.Result{}), o.End(nil), w.Close()); err != nil {
			t.Fatal(err)
		}
		if s := text.String(); s == "" || strings.Contains(s, "unlisted") {
			t.Errorf("-o %s: got %s", format, s)
		}
	}
}
