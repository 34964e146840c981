package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// TestListsBounded: no more lists than MaxLists are written at once, and a client that has
// its list makes room.
func TestListsBounded(t *testing.T) {
	t.Parallel()
	begun, read := make(chan struct{}), make(chan struct{})
	l := NewLists(func(context.Context) (*registry.Service, error) {
		begun <- struct{}{}
		<-read
		return nil, errors.New("there is none")
	})
	ask := func() int {
		w := httptest.NewRecorder()
		l.Targets(w, httptest.NewRequest(http.MethodGet, "/api/v1/targets", nil))
		return w.Code
	}
	ended := make(chan struct{})
	for range MaxLists {
		go func() { ask(); ended <- struct{}{} }()
		<-begun
	}
	w := httptest.NewRecorder()
	l.Portals(w, httptest.NewRequest(http.MethodGet, "/api/v1/portals", nil))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("got %d, %v", w.Code, w.Header())
	}
	close(read)
	for range MaxLists {
		<-ended
	}
	go ask()
	<-begun
}
