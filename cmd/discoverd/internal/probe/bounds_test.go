package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// TestGivenUp: a scrape that is given up ends the session.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	arrived, closed := make(chan bool), make(chan bool)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() {
		c, err := silent.Accept()
		if err != nil {
			return
		}
		b := make([]byte, 1)
		_, _ = c.Read(b)
		close(arrived)
		_, _ = io.Copy(io.Discard, c) // until the initiator closes
		close(closed)
		c.Close()
	}()
	s := newScene(t, "127.0.0.0/8")
	s.handler.Timeout = time.Hour
	server := httptest.NewServer(s.handler)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/probe?target="+silent.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if resp, err := http.DefaultClient.Do(r); err == nil {
			resp.Body.Close()
		}
	}()
	<-arrived
	cancel()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the session goes on")
	}
}

// TestScrapeTimeout: what a scrape allows is the probe's time, less half a second.
func TestScrapeTimeout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		header string
		want   time.Duration // 0: refused
	}{
		{"", 15 * time.Second}, {"10", 9500 * time.Millisecond}, {"0.6", 100 * time.Millisecond}, {"0.1", minTimeout}, {"1e300", 15 * time.Second},
		{"15.2", 14700 * time.Millisecond}, {"x", 0}, {"NaN", 0}, {"-1", 0}, {"0", 0}, {"+Inf", 15 * time.Second},
	} {
		got, err := timeoutOf(tt.header, 15*time.Second)
		if got != tt.want || (err != nil) != (tt.want == 0) {
			t.Errorf("%q: got %v, %v, want %v", tt.header, got, err, tt.want)
		}
	}
	silent := quietAccepter(t)
	s := newScene(t, "127.0.0.0/8")
	begun := time.Now()
	_, body := s.probe("target="+silent, "0.8")
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	wantSeries(t, body, "probe_success 0")
}

// quietAccepter returns the address of a listener whose connections stay silent.
func quietAccepter(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

// TestBadParameters: each is refused in one line.
func TestBadParameters(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, query := range []string{
		"", "target=", "target=a&target=b", "target=a;b", "target=%zz", "target=a:0", "target=a:99999", "target=http://a/", "target=u@a", "target=a&modul=x",
		"target=a&module=", "target=a&debug=maybe", "target=%0aa", "target=a%00", "target=" + strings.Repeat("a", 3000), "target=0.0.0.0", "target=224.0.0.1",
	} {
		code, body := s.probe(query)
		if code != http.StatusBadRequest || strings.Count(body, "\n") != 1 || len(body) > 300 {
			t.Errorf("%.60s: got %d %q, want 400 and one line", query, code, body)
		}
	}
	if code, _ := s.probe("target=192.0.2.1", "soon"); code != http.StatusBadRequest {
		t.Errorf("a bad header: got %d", code)
	}
}

// TestBusy: no more probes than MaxProbes are under way.
func TestBusy(t *testing.T) {
	t.Parallel()
	s := newScene(t, "127.0.0.0/8")
	for range MaxProbes {
		s.handler.slots <- struct{}{}
	}
	r := httptest.NewRequest(http.MethodGet, "/probe?target=127.0.0.1", nil)
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
}

// TestRegistryGone: a registry that cannot be read allows nothing.
func TestRegistryGone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.handler.Guard.Entries = func(context.Context) (*registry.Service, error) { return nil, errors.New("gone") }
	if code, body := s.probe("target=192.0.2.1"); code != http.StatusServiceUnavailable {
		t.Errorf("got %d %s", code, body)
	}
}
