package serve

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxInHand bounds the compressed answers of all Makers that clients have not read yet.
const maxInHand = 32 << 20

// inHand is how many bytes of them there are.
var inHand atomic.Int64

// A Maker has answers made as a whole, few at a time: one of a great registry takes tens of
// megabytes and a second while it is made, and clients come many at once. Those that wait for
// the same answer meanwhile share the next. What clients have not read yet is compressed.
type Maker struct {
	places chan struct{}

	mu   sync.Mutex // guards the following
	last *answer
}

// NewMaker returns a Maker that has a number of answers made at once.
func NewMaker(atOnce int) *Maker { return &Maker{places: make(chan struct{}, atOnce)} }

// Handler returns a handler that has next make the answers. Those to requests of one URL
// and one Accept are the same.
func (m *Maker) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a := m.answer(next, r); a != nil {
			a.send(w, r)
		}
	})
}

// answer has an answer made, or returns one that was begun after it was asked for; nil:
// the client has gone.
func (m *Maker) answer(next http.Handler, r *http.Request) *answer {
	asked, key := time.Now(), r.URL.RequestURI()+"\x00"+strings.Join(r.Header.Values("Accept"), ",")
	select {
	case m.places <- struct{}{}:
		defer func() { <-m.places }()
	case <-r.Context().Done():
		return nil
	}
	m.mu.Lock()
	last := m.last
	m.mu.Unlock()
	if last != nil && last.key == key && last.begun.After(asked) {
		return last
	}
	a := &answer{key: key, begun: time.Now(), header: make(http.Header), status: http.StatusOK}
	a.z, _ = gzip.NewWriterLevel(&a.text, gzip.BestSpeed) // its error is of another level
	next.ServeHTTP(a, r)
	_ = a.z.Close() // of a buffer
	a.z = nil       // which takes more than most answers
	if a.status == http.StatusOK && r.Context().Err() == nil {
		m.mu.Lock()
		m.last = a
		m.mu.Unlock()
	}
	return a
}

// An answer is an http.ResponseWriter that keeps what is written, compressed.
type answer struct {
	key   string
	begun time.Time

	header http.Header
	status int
	text   bytes.Buffer
	z      *gzip.Writer // into text; nil: the answer is complete
	size   int          // of the text before it is compressed
}

// Header returns the header.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader sets the status. What was written before is dropped: nothing was sent yet.
func (a *answer) WriteHeader(status int) {
	a.status, a.size = status, 0
	a.text.Reset()
	a.z.Reset(&a.text)
}

// Write writes a piece of the text.
func (a *answer) Write(b []byte) (int, error) {
	a.size += len(b)
	return a.z.Write(b)
}

// send sends the answer, unless others wait to be read that take too much memory.
func (a *answer) send(w http.ResponseWriter, r *http.Request) {
	length := int64(a.text.Cap())
	if inHand.Add(length) > maxInHand {
		inHand.Add(-length)
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many clients have not read their answers yet", http.StatusServiceUnavailable)
		return
	}
	defer inHand.Add(-length)
	h := w.Header()
	maps.Copy(h, a.header)
	h.Add("Vary", "Accept-Encoding")
	h.Set("Content-Length", strconv.Itoa(a.size))
	body := io.Reader(bytes.NewReader(a.text.Bytes()))
	if acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(a.text.Len()))
	} else if plain, err := gzip.NewReader(body); err == nil { // it was written here
		body = plain
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = io.Copy(w, body) // its error is of a client that has gone
	}
}

// acceptsGzip reports a client that takes compressed answers.
func acceptsGzip(r *http.Request) bool {
	for _, accept := range r.Header.Values("Accept-Encoding") {
		for part := range strings.SplitSeq(accept, ",") {
			coding, weight, _ := strings.Cut(part, ";")
			if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				continue
			}
			_, text, found := strings.Cut(weight, "=")
			q, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			return !found || err == nil && q > 0
		}
	}
	return false
}
