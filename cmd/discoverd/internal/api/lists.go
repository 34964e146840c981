package api

import (
	"bufio"
	"context"
	"fmt"
	"net/http"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/cmd/internal/paths"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// Lists answers with what the registry has, as discover prints it with -o json. Targets and
// portals are written as they are read: a list that is long takes no memory.
type Lists struct {
	Service func(ctx context.Context) (*registry.Service, error)

	clients chan struct{}
}

// MaxLists is how many lists are written at once. A client that does not read keeps a page
// of the registry in memory.
const MaxLists = 8

// NewLists returns Lists with room for MaxLists clients.
func NewLists(service func(ctx context.Context) (*registry.Service, error)) *Lists {
	return &Lists{Service: service, clients: make(chan struct{}, MaxLists)}
}

// Targets answers with the known targets, as discover target list does.
func (l *Lists) Targets(w http.ResponseWriter, r *http.Request) {
	l.answer(w, r, "targets", "known-target", func(s *registry.Service, item func(any) error) (unread []error, err error) {
		for t, err := range s.Targets(r.Context(), false) {
			if err != nil {
				unread = append(unread, err)
			} else if err := item(jsonitem.NewTarget(&t)); err != nil {
				return nil, err
			}
		}
		return unread, nil
	})
}

// Portals answers with the entries of the registry, as discover portal list does.
func (l *Lists) Portals(w http.ResponseWriter, r *http.Request) {
	l.answer(w, r, "portals", "stored-portal", func(s *registry.Service, item func(any) error) (unread []error, err error) {
		for p, err := range s.SendTargetPortals(r.Context()) {
			if err != nil {
				unread = append(unread, err)
			} else if err := item(jsonitem.NewPortal(&p)); err != nil {
				return nil, err
			}
		}
		return unread, nil
	})
}

// ISNS answers with the iSNS servers of the registry, as discover isns list does.
func (l *Lists) ISNS(w http.ResponseWriter, r *http.Request) {
	l.answer(w, r, "servers", "isns-server", func(s *registry.Service, item func(any) error) (unread []error, err error) {
		for v, err := range s.ISNSServers(r.Context()) {
			if err != nil {
				unread = append(unread, err)
			} else if err := item(jsonitem.NewISNSServer(&v)); err != nil {
				return nil, err
			}
		}
		return unread, nil
	})
}

// Paths answers with the paths of this host to the portals, as discover paths does.
func (l *Lists) Paths(w http.ResponseWriter, r *http.Request) {
	l.answer(w, r, "paths", "path", func(s *registry.Service, item func(any) error) ([]error, error) {
		known, err := paths.Read(r.Context(), s)
		if err != nil {
			return []error{err}, nil
		}
		m := known.Matrix()
		for row := range m.Rows {
			for col := range m.Columns {
				if j := m.JSON(row, col); j.State != "" {
					if err := item(j); err != nil {
						return nil, err
					}
				}
			}
		}
		return m.Unread, nil
	})
}

// answer writes a list. A registry that cannot be read at all is status 503; where it
// breaks off, or records cannot be read, the answer says so under results, as discover's
// does.
func (l *Lists) answer(w http.ResponseWriter, r *http.Request, name, kind string, list func(s *registry.Service, item func(any) error) (unread []error, err error)) {
	select {
	case l.clients <- struct{}{}:
		defer func() { <-l.clients }()
	default:
		w.Header().Set("Retry-After", "10")
		http.Error(w, fmt.Sprintf("%d lists are being written, which is the most at once", MaxLists), http.StatusServiceUnavailable)
		return
	}
	s, err := l.Service(r.Context())
	if err != nil {
		http.Error(w, terminal.Visible("the registry cannot be read: "+err.Error()), http.StatusServiceUnavailable)
		return
	}
	header := &lateHeader{w: w}
	b := bufio.NewWriterSize(header, 32<<10)
	out := &render.Listing{W: b, Format: render.FormatJSON, Name: name, Kind: kind}
	unread, err := list(s, func(j any) error { return out.Item(j) })
	if err == nil && !header.sent && out.Empty() && broken(unread) {
		header.status = http.StatusServiceUnavailable
	}
	if err == nil {
		failed := new(render.FailedResults)
		for _, err := range unread {
			for _, one := range app.EachUnread(err) {
				failed.All = append(failed.All, render.FailedWith(jsonitem.NewFailure(one)).All...)
			}
		}
		err = out.EndWith(failed)
	}
	if err == nil {
		err = b.Flush()
	}
	if err != nil {
		panic(http.ErrAbortHandler) // the client is gone, and must not take this for a whole answer
	}
}

// broken reports a registry that broke off.
func broken(unread []error) bool {
	for _, err := range unread {
		if !app.IsOneRecord(err) {
			return true
		}
	}
	return false
}

// A lateHeader sends the header with the first bytes.
type lateHeader struct {
	w      http.ResponseWriter
	status int // 0: OK
	sent   bool
}

// Write writes a piece of the answer.
func (h *lateHeader) Write(b []byte) (int, error) {
	if !h.sent {
		h.sent = true
		h.w.Header().Set("Content-Type", "application/json")
		if h.status != 0 {
			h.w.WriteHeader(h.status)
		}
	}
	return h.w.Write(b)
}
