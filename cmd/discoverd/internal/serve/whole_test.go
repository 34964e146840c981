package serve

import (
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestMakerShares: of many clients that ask at once, few have the answer made, and each
// gets it whole.
func TestMakerShares(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var made, atOnce, most atomic.Int32
		text := strings.Repeat("a line of a long answer\n", 10_000)
		h := NewMaker(1).Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			made.Add(1)
			most.Store(max(most.Load(), atOnce.Add(1)))
			time.Sleep(time.Second)
			fmt.Fprint(w, text)
			atOnce.Add(-1)
		}))
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
				if w.Code != http.StatusOK || w.Body.String() != text {
					t.Errorf("got %d with %d bytes", w.Code, w.Body.Len())
				}
			})
		}
		all.Wait()
		if made.Load() != 2 || most.Load() != 1 {
			t.Errorf("it was made %d times, %d at once", made.Load(), most.Load())
		}
	})
}

// TestMakerForms: an answer is the same compressed or not, HEAD has its header alone, and
// an error is not shared and drops what was written before it.
func TestMakerForms(t *testing.T) {
	t.Parallel()
	var fail atomic.Bool
	h := NewMaker(1).Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/x")
		fmt.Fprint(w, "the answer to "+r.URL.Path)
		if fail.Load() {
			http.Error(w, "it broke off", http.StatusInternalServerError)
		}
	}))
	ask := func(method, path, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Header().Get("Content-Length") != fmt.Sprint(w.Body.Len()) && method != http.MethodHead {
			t.Errorf("%s: length %s of %d bytes", accept, w.Header().Get("Content-Length"), w.Body.Len())
		}
		return w
	}
	for accept, packed := range map[string]bool{"": false, "br": false, "gzip;q=0": false, "gzip": true, "br, GZIP;q=0.5": true, "gzip;q=x": false} {
		w := ask(http.MethodGet, "/a", accept)
		body := io.Reader(w.Body)
		if (w.Header().Get("Content-Encoding") == "gzip") != packed {
			t.Errorf("%q: got %q", accept, w.Header().Get("Content-Encoding"))
		} else if packed {
			body, _ = gzip.NewReader(body)
		}
		if b, err := io.ReadAll(body); err != nil || string(b) != "the answer to /a" || w.Header().Get("Content-Type") != "text/x" {
			t.Errorf("%q: got %q, %v", accept, b, err)
		}
	}
	if w := ask(http.MethodHead, "/a", ""); w.Body.Len() != 0 || w.Header().Get("Content-Length") != "16" {
		t.Errorf("HEAD: got %v %q", w.Header(), w.Body)
	}
	fail.Store(true)
	if w := ask(http.MethodGet, "/a", ""); w.Code != http.StatusInternalServerError || w.Body.String() != "it broke off\n" {
		t.Errorf("got %d %q", w.Code, w.Body)
	}
	fail.Store(false)
	if w := ask(http.MethodGet, "/a", ""); w.Code != http.StatusOK {
		t.Errorf("an error stays: %d", w.Code)
	}
}

// A stuck is a client that does not read.
type stuck struct {
	http.ResponseWriter
	read    chan struct{}
	refused *atomic.Int32
}

func (s *stuck) WriteHeader(status int) {
	if status == http.StatusServiceUnavailable {
		s.refused.Add(1)
	}
}

func (s *stuck) Write(b []byte) (int, error) {
	<-s.read
	return len(b), nil
}

// TestMakerBounds: answers that nobody reads take a bounded amount of memory. It is not
// parallel: the bound is of all Makers.
func TestMakerBounds(t *testing.T) {
	noise := make([]byte, 1<<20) // which does not compress
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise)
	h := NewMaker(1).Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(noise) }))
	read := make(chan struct{})
	var refused atomic.Int32
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			h.ServeHTTP(&stuck{httptest.NewRecorder(), read, &refused}, httptest.NewRequest(http.MethodGet, "/", nil))
		})
	}
	for begun := time.Now(); refused.Load() == 0 && time.Since(begun) < 30*time.Second; {
		time.Sleep(10 * time.Millisecond)
	}
	if n := inHand.Load(); refused.Load() == 0 || n < maxInHand/2 {
		t.Errorf("%d bytes wait to be read, and %d clients were refused", n, refused.Load())
	}
	close(read)
	all.Wait()
	if inHand.Load() != 0 {
		t.Errorf("%d bytes are kept", inHand.Load())
	}
}
