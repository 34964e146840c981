package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/cmd/discoverd/internal/journal"
)

// Bounds of Events.
const (
	MaxWait    = time.Minute // of one long poll
	MaxClients = 2000        // that wait for events at once
	page       = 1000        // events in an answer of a long poll
	pageBytes  = 1 << 20
	piece      = 100 // events in a piece of a stream
	pieceBytes = 64 << 10
	heartbeat  = 15 * time.Second // of a stream in which nothing happens
)

// Events answers with the events of the watch: to a long poll as JSON, to who accepts
// text/event-stream as a stream.
type Events struct {
	Journal *journal.Journal
	Run     string // tells this run of the daemon from others: their numbers begin anew

	clients chan struct{}
}

// NewEvents returns Events with room for MaxClients.
func NewEvents(j *journal.Journal, run string) *Events {
	return &Events{Journal: j, Run: run, clients: make(chan struct{}, MaxClients)}
}

// A place is where a client is.
type place struct {
	seq      uint64
	otherRun bool // the number is one of another run of the daemon
}

// ServeHTTP answers one client.
func (e *Events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at, wait, err := e.parse(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	select {
	case e.clients <- struct{}{}:
		defer func() { <-e.clients }()
	default:
		w.Header().Set("Retry-After", "10")
		http.Error(w, fmt.Sprintf("%d clients wait for events, which is the most at once", MaxClients), http.StatusServiceUnavailable)
		return
	}
	if wantsStream(r) && r.Method == http.MethodGet {
		e.stream(w, r, at)
		return
	}
	e.poll(w, r, at, wait)
}

func wantsStream(r *http.Request) bool {
	for _, accept := range r.Header.Values("Accept") {
		for kind := range strings.SplitSeq(accept, ",") {
			kind, _, _ = strings.Cut(kind, ";")
			if strings.EqualFold(strings.TrimSpace(kind), "text/event-stream") {
				return true
			}
		}
	}
	return false
}

// parse understands a request. A stream that is taken up again says where by Last-Event-ID.
func (e *Events) parse(r *http.Request) (at place, wait time.Duration, err error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return at, 0, fmt.Errorf("the query cannot be read")
	}
	for name, values := range query {
		if !slices.Contains([]string{"since", "wait"}, name) {
			return at, 0, fmt.Errorf("a parameter is unknown: expected since and wait")
		}
		if len(values) != 1 {
			return at, 0, fmt.Errorf("%s is to be given once", name)
		}
	}
	since := query.Get("since")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		since = last
	}
	if since != "" {
		run, text, found := strings.Cut(since, ":")
		if !found {
			run, text = e.Run, since
		}
		if at.seq, err = strconv.ParseUint(text, 10, 64); err != nil {
			return at, 0, fmt.Errorf("since: expected the seq of an event, or RUN:SEQ")
		}
		at.otherRun = run != e.Run
	}
	if text := query.Get("wait"); text != "" {
		if wait, err = time.ParseDuration(text); err != nil || wait < 0 {
			return at, 0, fmt.Errorf("wait: expected a time with its unit, such as 30s; at most %s", MaxWait)
		}
	}
	return at, min(wait, MaxWait), nil
}

// after returns what follows a place, and the line that tells what was missed before it;
// nil: nothing was.
func (e *Events) after(at place, most, bytes int) (p journal.Page, gap []byte) {
	seq := at.seq
	if at.otherRun {
		seq = 0
	}
	p = e.Journal.After(seq, most, bytes)
	switch {
	case at.otherRun || p.Reset:
		gap = fmt.Appendf(nil, `{"schema":1,"type":"gap","run":%q,"missed":null}`, e.Run)
	case p.Missed > 0:
		gap = fmt.Appendf(nil, `{"schema":1,"type":"gap","run":%q,"missed":%d}`, e.Run, p.Missed)
	}
	return p, gap
}

// next returns the place behind a page.
func (e *Events) next(at place, p *journal.Page) place {
	switch {
	case len(p.Events) > 0:
		return place{seq: p.Events[len(p.Events)-1].Seq}
	case at.otherRun || p.Reset:
		return place{seq: p.Last}
	}
	return at
}

// poll answers a long poll: at once where there is something, else when there is, or when
// its time is over.
func (e *Events) poll(w http.ResponseWriter, r *http.Request, at place, wait time.Duration) {
	p, gap := e.after(at, page, pageBytes)
	if len(p.Events) == 0 && gap == nil && wait > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), wait)
		defer cancel()
		_ = e.Journal.Wait(ctx, at.seq) // that the time is over is an answer without events
		p, gap = e.after(at, page, pageBytes)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"version":1,"run":%q,"next":%d,"last":%d,"events":[`, e.Run, e.next(at, &p).seq, p.Last)
	separator := "\n"
	for _, line := range lines(gap, p.Events) {
		b.WriteString(separator)
		b.Write(line)
		separator = ",\n"
	}
	b.WriteString("]}\n")
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes())
}

func lines(gap []byte, events []journal.Entry) (all [][]byte) {
	if gap != nil {
		all = append(all, gap)
	}
	for i := range events {
		all = append(all, events[i].JSON)
	}
	return all
}

// stream writes events as they come. A client that does not read is cut off by the
// server's deadline for each piece, and has cost one piece of memory.
func (e *Events) stream(w http.ResponseWriter, r *http.Request, at place) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	var b bytes.Buffer
	for {
		b.Reset()
		p, gap := e.after(at, piece, pieceBytes)
		if gap != nil {
			fmt.Fprintf(&b, "event: gap\ndata: %s\n\n", gap)
		}
		for i := range p.Events {
			event := &p.Events[i]
			fmt.Fprintf(&b, "id: %s:%d\nevent: %s\ndata: %s\n\n", e.Run, event.Seq, event.Type, event.JSON)
		}
		at = e.next(at, &p)
		if b.Len() == 0 {
			b.WriteString(":\n\n") // which says that the connection is alive, and begins the answer
		}
		if _, err := w.Write(b.Bytes()); err != nil || out.Flush() != nil {
			return
		}
		if at.seq < e.Journal.Last() {
			continue
		}
		ctx, cancel := context.WithTimeout(r.Context(), heartbeat)
		_ = e.Journal.Wait(ctx, at.seq) // nothing happened for the time of a heartbeat
		cancel()
		if r.Context().Err() != nil {
			return
		}
	}
}
