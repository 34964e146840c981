package verbs

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// A list is the handler of a target that answers with so many records; with fewer than
// none it never ends. Each connection has its own answer from the first record on: an
// initiator that stops leaves the target's side of a connection at work, also while the
// next one is served.
type list struct {
	count  int
	record func(b []byte, i int) []byte
}

func listOf(count int, record func(b []byte, i int) []byte) *list { return &list{count, record} }

func (l *list) Handle(c *iscsitest.Conn) error {
	const part = 200 << 10 // of text
	sent := 0
	t := &iscsitest.Target{Respond: func(_, response pdu.PDU) iscsitest.Step {
		if _, ok := response.(*pdu.TextResponse); !ok {
			return nil
		}
		var text []byte
		for ; sent != l.count && len(text) < part; sent++ {
			text = l.record(text, sent)
		}
		return iscsitest.Send(&pdu.TextResponse{Final: sent == l.count, TTT: uint32(sent), Data: text})
	}}
	return t.Handle(c)
}

const endless = -1

// ordinary is an ordinary record.
func ordinary(b []byte, i int) []byte {
	return fmt.Appendf(b, "TargetName=%s\x00TargetAddress=192.0.2.10:3260,1\x00", ordinaryName(i))
}

func ordinaryName(i int) string { return fmt.Sprintf("iqn.2026-11.com.example:storage.%07d", i) }

// TestListOf: what one connection was answered changes nothing for the next.
func TestListOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.Portal("192.0.2.10:3260", listOf(3, ordinary))
		for range 2 {
			r := l.discover(t.Context(), "scan", "-o", "jsonl", "192.0.2.10")
			if got := strings.Count(r.stdout, ":storage."); got != 3 || r.status != exit.OK {
				t.Errorf("got %d targets, want 3: %+v", got, r)
			}
		}
	})
}
