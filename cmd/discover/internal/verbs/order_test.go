package verbs

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/sweep"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// silentWhy is how many addresses were silent for a reason. On a busy machine some have no
// time to refuse.
var silentWhy = regexp.MustCompile(`(?:connection refused|no answer in time)":(\d+)|(\d+) (?:refused the connection|silent)`)

// One slow portal holds up neither the others nor, for ever, the memory. Here
// time is real: the others wait for a lock while there is no room.
func TestSlowPortalFirst(t *testing.T) {
	t.Parallel()
	const others = sweep.MaxAhead + 1000
	for _, format := range []string{render.FormatJSON, render.FormatISCSIADM} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			l := fleet(t)
			r := l.discover(t.Context(), "scan", "-o", format, "--timeout", "8s", "--rate", "0", "192.0.2.13", "10.0.0.1-10.1.3.232", "192.0.2.14")
			if r.status != exit.Partly {
				t.Errorf("got exit status %d, want 3", r.status)
			}
			silent := 0
			for _, m := range silentWhy.FindAllStringSubmatch(r.stdout+r.stderr, -1) {
				n, _ := strconv.Atoi(m[1] + m[2])
				silent += n
			}
			if silent != others {
				t.Errorf("got %.2000s, want %d silent addresses", r.stdout+r.stderr, others)
			}
		})
	}
}

// Nobody reads any more while portals wait for their turn: all ends at once, and does
// not wait for a portal that may be silent for an hour.
func TestBrokenPipeAhead(t *testing.T) {
	t.Parallel()
	l := fleet(t)
	l.stdout = writerFunc(func([]byte) (int, error) { return 0, syscall.EPIPE })
	r := l.discover(t.Context(), "scan", "-o", "iscsiadm", "--timeout", "1h", "192.0.2.10", "192.0.2.13", "10.0.0.1-10.1.3.232", "192.0.2.14")
	if r.status != exit.Failed {
		t.Errorf("got exit status %d, want 1", r.status)
	}
}

// A list too long to be held is printed in parts.
func TestLongTable(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	long := &iscsitest.Target{MaxText: 32 << 10}
	for i := range 2*render.MaxTable + 1 {
		long.Records = append(long.Records, iscsitest.Record{Name: fmt.Sprintf("iqn.2026-11.com.example:%d", i)})
	}
	l.Portal("192.0.2.10:3260", long)
	r := l.discover(t.Context(), "scan", "192.0.2.10")
	if !strings.HasPrefix(r.stdout, "192.0.2.10:3260: more than 999 targets\n") || !strings.HasSuffix(r.stdout, "\n192.0.2.10:3260: 2001 targets\n") {
		t.Errorf("got %.100s … %s", r.stdout, r.stdout[len(r.stdout)-100:])
	}
	if got := strings.Count(r.stdout, "\n"); got != 2*render.MaxTable+3 {
		t.Errorf("got %d lines, want %d", got, 2*render.MaxTable+3)
	}
}
