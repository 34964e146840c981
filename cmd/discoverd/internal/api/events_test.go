package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/journal"
	"github.com/go-iscsi/discovery/cmd/discoverd/internal/serve"
)

func (w *world) add(from, to uint64) {
	for seq := from; seq <= to; seq++ {
		w.journal.Add(journal.Entry{Seq: seq, Type: "portal-failed", JSON: fmt.Appendf(nil, `{"seq":%d,"pad":"%0200d"}`, seq, 0)})
	}
}

// A polled is an answer to a long poll.
type polled struct {
	Version    int
	Run        string
	Next, Last uint64
	Events     []struct {
		Seq    uint64
		Type   string
		Missed *uint64
	}
}

func (w *world) poll(t *testing.T, query string) polled {
	t.Helper()
	resp, err := w.client().Get("http://localhost/api/v1/events?" + query)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var p polled
	b, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v %.200s", query, resp.StatusCode, err, b)
	}
	return p
}

// TestPoll: a long poll has what there is, or waits for it, no longer than it says.
func TestPoll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.server.Close()
		begun := time.Now()
		if p := w.poll(t, "wait=5s"); len(p.Events) != 0 || p.Next != 0 || time.Since(begun) != 5*time.Second {
			t.Errorf("got %+v after %v", p, time.Since(begun))
		}
		if p := w.poll(t, "wait=5h"); len(p.Events) != 0 || time.Since(begun) != 5*time.Second+MaxWait {
			t.Errorf("got %+v after %v", p, time.Since(begun))
		}
		go func() { time.Sleep(time.Second); w.add(1, 3) }()
		if p := w.poll(t, "since=0&wait=30s"); len(p.Events) < 1 || p.Events[0].Seq != 1 {
			t.Errorf("got %+v", p)
		}
		synctest.Wait()
		if p := w.poll(t, "since=1"); len(p.Events) != 2 || p.Events[0].Seq != 2 || p.Next != 3 || p.Last != 3 || p.Run != "RUN1" {
			t.Errorf("got %+v", p)
		}
		if p := w.poll(t, "since=RUN1:3"); len(p.Events) != 0 || p.Next != 3 {
			t.Errorf("got %+v", p)
		}
		for _, since := range []string{"OTHER:3", "99"} { // of another run of the daemon
			if p := w.poll(t, "since="+since); len(p.Events) != 4 || p.Events[0].Type != "gap" || p.Events[0].Missed != nil || p.Events[1].Seq != 1 || p.Next != 3 {
				t.Errorf("%s: got %+v", since, p)
			}
		}
		w.add(4, journal.MaxEvents+10)
		p := w.poll(t, "since=5")
		if p.Events[0].Type != "gap" || *p.Events[0].Missed != 5 || p.Events[1].Seq != 11 || len(p.Events) != page+1 || p.Next != 10+page {
			t.Errorf("got %+v, next %d", p.Events[:2], p.Next)
		}
		if p := w.poll(t, fmt.Sprint("since=", p.Next)); p.Events[0].Seq != p.Next-page+1 {
			t.Errorf("got %+v", p.Events[0])
		}
	})
}

// TestBadEventQuery: each is refused in one line.
func TestBadEventQuery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.server.Close()
		for _, query := range []string{"since=x", "since=-1", "since=1&since=2", "wait=soon", "wait=-1s", "from=1", "%zz", "since=R:"} {
			resp, err := w.client().Get("http://localhost/?" + query)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode != http.StatusBadRequest || strings.Count(string(b), "\n") != 1 {
				t.Errorf("%s: got %d %q", query, resp.StatusCode, b)
			}
		}
	})
}

// subscribe asks for a stream.
func subscribe(c net.Conn, header string) {
	fmt.Fprintf(c, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n%s\r\n", header)
}

// TestStream: events come with their numbers, a client that comes back goes on where it
// was, and a gap is told.
func TestStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.server.Close()
		w.add(1, 2)
		read := func(header string, want ...string) {
			t.Helper()
			c := w.dial()
			defer c.Close()
			subscribe(c, header)
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
				t.Errorf("got %s", got)
			}
			lines := bufio.NewScanner(resp.Body)
			for _, want := range want {
				if lines.Scan(); lines.Text() != want {
					t.Errorf("%q: got %.60q, want %q", header, lines.Text(), want)
				}
			}
		}
		data := func(seq int) string { return fmt.Sprintf(`data: {"seq":%d,"pad":"%0200d"}`, seq, 0) }
		read("", "id: RUN1:1", "event: portal-failed", data(1), "", "id: RUN1:2")
		read("Last-Event-ID: RUN1:1\r\n", "id: RUN1:2", "event: portal-failed", data(2), "")
		read("Last-Event-ID: RUN0:1\r\n", "event: gap", `data: {"schema":1,"type":"gap","run":"RUN1","missed":null}`, "", "id: RUN1:1")
		read("Last-Event-ID: RUN1:2\r\n", ":", "", ":", "") // alive
	})
}

// TestManyClients: of 1,000 clients half stop reading. The others get each event, in
// order and without a gap; those are cut off, and nothing of them stays.
func TestManyClients(t *testing.T) {
	t.Parallel()
	const clients, events = 1000, 500
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.server.Close()
		var got, whole atomic.Int64
		for i := range clients {
			c := w.dial()
			subscribe(c, "")
			if i%2 == 0 {
				defer c.Close()
				continue // it never reads
			}
			go func() {
				defer c.Close()
				resp, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil {
					t.Error(err)
					return
				}
				next := 1
				lines := bufio.NewScanner(resp.Body)
				for lines.Scan() {
					id, ok := strings.CutPrefix(lines.Text(), "id: RUN1:")
					if !ok {
						continue
					}
					if id != fmt.Sprint(next) {
						t.Errorf("got event %s, want %d", id, next)
						return
					}
					got.Add(1)
					if next++; next > events {
						whole.Add(1)
					}
				}
			}()
		}
		synctest.Wait()
		if n := len(w.events.clients); n != clients {
			t.Errorf("%d clients are served, want %d", n, clients)
		}
		for seq := uint64(1); seq <= events; seq += 50 {
			w.add(seq, seq+49)
			synctest.Wait()
		}
		if whole.Load() != clients/2 || got.Load() != clients/2*events {
			t.Errorf("%d clients got all events, %d events came, want %d and %d", whole.Load(), got.Load(), clients/2, clients/2*events)
		}
		time.Sleep(serve.WriteTimeout + time.Second)
		synctest.Wait()
		if n := len(w.events.clients); n != clients/2 {
			t.Errorf("%d clients are served after those that do not read were cut off, want %d", n, clients/2)
		}
		w.add(events+1, events+1)
		synctest.Wait()
		if want := int64(clients / 2 * (events + 1)); got.Load() != want {
			t.Errorf("%d events came, want %d", got.Load(), want)
		}
	})
}

// TestTooManyClients: one client more than MaxClients is refused.
func TestTooManyClients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.server.Close()
		for range MaxClients {
			w.events.clients <- struct{}{}
		}
		resp, err := w.client().Get("http://localhost/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
			t.Errorf("got %d %v", resp.StatusCode, resp.Header)
		}
	})
}
