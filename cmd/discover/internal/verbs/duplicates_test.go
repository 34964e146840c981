package verbs

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// A dialCount counts how often each address is connected to.
type dialCount struct {
	mu sync.Mutex
	of map[string]int
}

// countDials has the connections of a lab counted.
func (l *lab) countDials() *dialCount {
	c := &dialCount{of: make(map[string]int)}
	l.way = func(ctx context.Context, source netip.Addr, dst netip.AddrPort) (net.Conn, error) {
		c.mu.Lock()
		c.of[source.String()+" "+dst.String()]++
		c.mu.Unlock()
		return l.Dial(ctx, source, dst)
	}
	return c
}

// once reports addresses that were connected to more than once from one source.
func (c *dialCount) once(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for to, n := range c.of {
		if n != 1 {
			t.Errorf("got %d connections to %s, want one", n, to)
		}
	}
}

const duplicates = "scan 192.0.2.10 192.0.2.10:3260 192.0.2.8/29 host 192.0.2.8/30 192.0.2.11 192.0.2.11 --retries 0"

// duplicatesLab has a portal that answers, at an address and by a name.
func duplicatesLab(t *testing.T) (*lab, *dialCount) {
	l := newLab(t)
	l.names["host"] = []string{"198.51.100.10"}
	l.Portal("192.0.2.10:3260", twoTargets())
	l.Portal("198.51.100.10:3260", twoTargets())
	return l, l.countDials()
}

// TestDuplicates (issue 19, 4): what is given more than once is asked once and reported at
// each place, in the given order; each block counts its own addresses.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	l, dials := duplicatesLab(t)
	r := l.discover(t.Context(), strings.Fields(duplicates)...)
	dials.once(t)
	if len(dials.of) != 7 {
		t.Errorf("got connections %v, want 7", dials.of)
	}
	if got := strings.Count(r.stdout, "192.0.2.10:3260: 2 targets\n"); got != 4 || r.status != exit.Partly {
		t.Errorf("got exit status %d and the portal %d times, want %d and 4:\n%s", r.status, got, exit.Partly, r.stdout)
	}
	refused := "discover: connect to 192.0.2.11:3260: connection refused; nothing listens there: check the address and the TCP port\n"
	want := refused + refused +
		"discover: 192.0.2.8/29: 1 of 6 addresses answered, 5 refused the connection\n" +
		"discover: 192.0.2.8/30: 1 of 2 addresses answered, 1 refused the connection\n"
	if r.stderr != want {
		t.Errorf("got\n%s\nwant\n%s", r.stderr, want)
	}
}

// TestDuplicatesForPrograms (issue 19, 4): the results of -o json are those of the places in
// their order, and -o jsonl has a line for each; with --open, --all and --probe as well.
func TestDuplicatesForPrograms(t *testing.T) {
	t.Parallel()
	const open = " 192.0.2.10 192.0.2.10 192.0.2.10 host 192.0.2.10"
	const all = " 192.0.2.10 192.0.2.10 192.0.2.9 192.0.2.10 192.0.2.11 192.0.2.12 192.0.2.13 192.0.2.14 host 192.0.2.9 192.0.2.10 192.0.2.11 192.0.2.11"
	for flag, want := range map[string]string{"": open + " 192.0.2.11 192.0.2.11", "--open": open, "--all": all, "--probe": open + " 192.0.2.11 192.0.2.11"} {
		l, dials := duplicatesLab(t)
		r := l.discover(t.Context(), strings.Fields(duplicates+" -o json "+flag)...)
		if flag != "--probe" { // which connects again
			dials.once(t)
		}
		var document struct {
			Results []struct {
				Portal  string
				Targets []struct{ Name string }
				Error   *struct{ Message string }
			}
		}
		if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
			t.Fatalf("%s: got %v of %s", flag, err, r.stdout)
		}
		got := ""
		for _, one := range document.Results {
			got += " " + strings.TrimSuffix(one.Portal, ":3260")
			if one.Error == nil && len(one.Targets) != 2 || one.Error != nil && !strings.Contains(one.Error.Message, one.Portal) {
				t.Errorf("%s: got %+v", flag, one)
			}
		}
		if got != want {
			t.Errorf("%s: got%s, want%s", flag, got, want)
		}
		lines := l.discover(t.Context(), strings.Fields(duplicates+" -o jsonl "+flag)...)
		for kind, n := range map[string]int{"portal": strings.Count(want, " "), "target": 2 * strings.Count(open, " "), "block": 2} {
			if got := strings.Count(lines.stdout, `{"type":"`+kind+`"`); flag == "--open" && kind == "block" || got == n {
				continue
			} else {
				t.Errorf("%s: got %d lines of type %s, want %d", flag, got, kind, n)
			}
		}
		if lines.status != r.status {
			t.Errorf("%s: got exit status %d with -o jsonl, %d with -o json", flag, lines.status, r.status)
		}
	}
}

// TestDuplicatesFromEachPort (issue 19, 4): each port asks a portal once.
func TestDuplicatesFromEachPort(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]int{"table": 3, "json": 6, "jsonl": 6} {
		l, dials := duplicatesLab(t)
		r := l.discover(t.Context(), strings.Fields("scan 192.0.2.10 192.0.2.10 192.0.2.8/30 --initiator-port each --registry none -o "+format)...)
		dials.once(t)
		part := map[string]string{"table": "192.0.2.10:3260:\n", "json": `"portal":"192.0.2.10:3260"`, "jsonl": `{"type":"portal","portal":"192.0.2.10:3260"`}[format]
		if got := strings.Count(r.stdout, part); got != want || r.status != exit.OK {
			t.Errorf("%s: got exit status %d and %d results, want %d:\n%s%s", format, r.status, got, want, r.stdout, r.stderr)
		}
	}
}

// TestDuplicatesWithoutRoom (issue 19, 4): where the targets cannot be kept, the later place
// says so.
func TestDuplicatesWithoutRoom(t *testing.T) {
	t.Parallel()
	l, dials := duplicatesLab(t)
	l.bounds.Waiting = 1
	r := l.discover(t.Context(), "scan", "192.0.2.10", "192.0.2.10")
	dials.once(t)
	want := "discover: discovery at 192.0.2.10:3260 from 192.0.2.254: more than 1 bytes of targets, the most that can be kept for portals that are given more than once; its targets are listed at its first place\n"
	if strings.Count(r.stdout, "2 targets") != 1 || !strings.HasSuffix(r.stderr, "the most that can be kept for portals that are given more than once; its targets are listed at its first place\n") || r.status != exit.Partly {
		t.Errorf("got %+v, want an error like %s", r, want)
	}
}

// TestDuplicatesOfSilence (issue 19, 4): large blocks that overlap are asked once, and each
// has its counts.
func TestDuplicatesOfSilence(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"table", "jsonl"} {
		l, dials := duplicatesLab(t)
		r := l.discover(t.Context(), "scan", "192.0.0.0/20", "192.0.0.0/19", "192.0.2.10", "192.0.0.0-192.0.7.255", "--rate", "0", "-o", format)
		dials.once(t)
		for _, want := range []string{"192.0.0.0/20: 1 of 4094 addresses answered, 4093 refused", "192.0.0.0/19: 1 of 8190 addresses answered, 8189 refused", "192.0.7.255: 1 of 2048 addresses answered, 2047 refused"} {
			if format == "table" && !strings.Contains(r.stderr, want) {
				t.Errorf("got %s, want %s", r.stderr, want)
			}
		}
		if r.status != exit.OK || format == "jsonl" && strings.Count(r.stdout, `{"type":"portal"`) != 4 {
			t.Errorf("%s: got exit status %d and %s", format, r.status, r.stdout)
		}
	}
}

// TestDuplicatesAsWritten (issue 19, 4): a later place that is written in another way has
// its own text, in the error as well.
func TestDuplicatesAsWritten(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"json", "jsonl"} {
		l, dials := duplicatesLab(t)
		r := l.discover(t.Context(), "scan", "2001:db8::11", "[2001:DB8:0::11]:3260", "-o", format)
		dials.once(t)
		for _, want := range []string{`"portal":"[2001:DB8:0::11]:3260"`, `connect to [2001:DB8:0::11]:3260`} {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("%s: got %s, want %s", format, r.stdout, want)
			}
		}
	}
}
