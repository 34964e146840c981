package sd

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestList: each portal is listed once, as the registry and its targets have it.
func TestList(t *testing.T) {
	t.Parallel()
	target := &iscsitest.Target{Records: []iscsitest.Record{
		{Name: "iqn.x:a", Addresses: []string{"192.0.2.1:3260,1", "192.0.2.2:3260,2", "[2001:db8::1]:3260,2"}},
		{Name: "iqn.x:b", Addresses: []string{"192.0.2.2:3260,1", "192.0.2.2:3260,1", "127.0.0.5:3260,1"}},
	}}
	d := &initiator.Discoverer{InitiatorName: "iqn.x:i", Dial: func(_ context.Context, _ netip.Addr, dst netip.AddrPort) (net.Conn, error) {
		if dst.Addr() != netip.MustParseAddr("192.0.2.1") {
			return nil, errors.New("refused")
		}
		client, server := net.Pipe()
		go func() { _ = target.Serve(server) }()
		return client, nil
	}}
	s, err := registry.Open(registry.Config{Store: &memstore.Store{}, Discoverer: d})
	if err != nil {
		t.Fatal(err)
	}
	h := &Handler{Service: func(context.Context) (*registry.Service, error) { return s, nil }, OneRecord: func(error) bool { return false }}
	get := func() (code int, groups []group) {
		t.Helper()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/sd", nil))
		if w.Code == http.StatusOK {
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("got %s", got)
			}
			if err := json.Unmarshal(w.Body.Bytes(), &groups); err != nil || groups == nil {
				t.Errorf("got %s, %v", w.Body, err)
			}
		}
		return w.Code, groups
	}
	if _, groups := get(); len(groups) != 0 {
		t.Errorf("an empty registry has %v", groups)
	}
	for _, p := range []initiator.Portal{{SymbolicName: "array", Address: "192.0.2.1", Port: 3260}, {Address: "Array.example.", Port: 860}} {
		if r, err := s.AddSendTargetPortal(t.Context(), initiator.SendTargetPortal{Portal: p}); !r.Stored {
			t.Fatal(err)
		}
	}
	labels := func(entry, advertised, targets, groups string, module ...string) map[string]string {
		all := map[string]string{labelPrefix + "entry": entry, labelPrefix + "advertised": advertised, labelPrefix + "targets": targets, labelPrefix + "groups": groups}
		for _, m := range module {
			all[labelPrefix+"module"] = m
		}
		return all
	}
	want := []group{
		{[]string{"192.0.2.1:3260"}, labels("true", "true", "2", ",1,", "array")},
		{[]string{"192.0.2.2:3260"}, labels("false", "true", "2", ",1,2,")},
		{[]string{"[2001:db8::1]:3260"}, labels("false", "true", "1", ",2,")},
		{[]string{"array.example:860"}, labels("true", "false", "0", "")},
	}
	if _, got := get(); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	h.Service = func(context.Context) (*registry.Service, error) { return nil, errors.New("gone") }
	if code, _ := get(); code != http.StatusServiceUnavailable {
		t.Errorf("a registry that is gone: got %d", code)
	}
}
