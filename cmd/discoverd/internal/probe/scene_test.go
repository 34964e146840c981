package probe

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/memstore"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

const secret = "correct-horse-battery"

// A scene is a Handler on a registry of its own.
type scene struct {
	t       *testing.T
	handler *Handler
	store   *memstore.Store
	names   map[string][]netip.Addr
	lookups atomic.Int32
}

func newScene(t *testing.T, allow ...string) *scene {
	t.Helper()
	s := &scene{t: t, store: &memstore.Store{}, names: make(map[string][]netip.Addr)}
	config := registry.Config{Store: s.store, Discoverer: s.discoverer(), Secrets: func(context.Context, string) (auth.Secret, error) { return auth.NewSecret([]byte(secret)), nil }}
	service, err := registry.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	guard := &Guard{Entries: func(context.Context) (*registry.Service, error) { return service, nil }}
	for _, a := range allow {
		guard.Allow = append(guard.Allow, netip.MustParsePrefix(a))
	}
	s.handler = NewHandler(Handler{
		Guard: guard, Config: config, Discoverer: s.discoverer, Timeout: 5 * time.Second, Log: slog.New(slog.DiscardHandler),
		Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			s.lookups.Add(1)
			if found := s.names[host]; found != nil {
				return found, nil
			}
			return nil, errors.New("no such host")
		},
	})
	return s
}

func (s *scene) discoverer() *initiator.Discoverer {
	return &initiator.Discoverer{InitiatorName: "iqn.2026-11.example:i"}
}

// add puts an entry into the registry. It is not asked.
func (s *scene) add(host string, port uint16, module string, o login.Options) {
	s.t.Helper()
	cfg := s.handler.Config
	cfg.Discoverer = &initiator.Discoverer{InitiatorName: "iqn.2026-11.example:i", Dial: func(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
		return nil, errors.New("not asked")
	}, Lookup: func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("not asked") }}
	service, err := registry.Open(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	r, _ := service.AddSendTargetPortal(s.t.Context(), initiator.SendTargetPortal{Portal: initiator.Portal{SymbolicName: module, Address: host, Port: port}, Login: o})
	if !r.Stored {
		s.t.Fatal(r.Err)
	}
	s.handler.Guard.Forget()
}

// probe asks the Handler, and returns status and body.
func (s *scene) probe(query string, header ...string) (int, string) {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, "/probe?"+query, nil)
	if len(header) > 0 {
		r.Header.Set(scrapeTimeout, header[0])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func target(at netip.AddrPort) string { return "target=" + url.QueryEscape(at.String()) }

func wantSeries(t *testing.T, body string, series ...string) {
	t.Helper()
	for _, want := range series {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("there is no %q in\n%s", want, body)
		}
	}
}

var twoTargets = &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.example:a"}, {Name: "iqn.2026-11.example:b"}}}
