package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/app"
	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
)

// Bounds of a Handler.
const (
	DefaultTimeout = 15 * time.Second
	MaxProbes      = 16       // at once
	maxHeld        = 16 << 20 // bytes of memory for the targets of one probe
	maxLog         = 1 << 20  // bytes of a debug log

	// slack is how much later than the session the whole probe ends, so that a session
	// without time says so itself.
	slack = 50 * time.Millisecond
)

// A Handler answers /probe. Its fields must not change while it is in use.
type Handler struct {
	Guard *Guard

	// Config is that of the daemon's Service. The Handler writes nothing to its Store, and
	// makes Discoverers of its own.
	Config     registry.Config
	Discoverer func() *initiator.Discoverer
	Lookup     func(ctx context.Context, host string) ([]netip.Addr, error)

	Timeout time.Duration // for one probe
	Log     *slog.Logger

	slots chan struct{}
}

// NewHandler returns a Handler with room for MaxProbes at once.
func NewHandler(h Handler) *Handler {
	h.slots = make(chan struct{}, MaxProbes)
	return &h
}

// ServeHTTP answers one probe.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, err := parse(r, h.Timeout)
	if err != nil {
		http.Error(w, terminal.Visible(err.Error()), http.StatusBadRequest)
		return
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		w.Header().Set("Retry-After", "1")
		http.Error(w, fmt.Sprintf("%d probes are under way, which is the most at once", MaxProbes), http.StatusServiceUnavailable)
		return
	}
	begun := time.Now()
	ctx, cancel := context.WithTimeout(r.Context(), q.timeout+slack)
	defer cancel()
	p, err := h.Guard.permit(ctx, q.portal, q.module, h.Lookup)
	var (
		refused *notAllowedError
		unread  *registryError
		trace   *limited
		result  initiator.Result
	)
	if q.debug {
		trace = &limited{room: maxLog}
	}
	switch {
	case errors.As(err, &refused):
		h.Log.Info("probe refused", "portal", q.portal.String(), "module", q.module, "reason", err)
		http.Error(w, terminal.Visible(err.Error()), http.StatusForbidden)
		return
	case errors.As(err, &unread):
		http.Error(w, terminal.Visible(err.Error()), http.StatusServiceUnavailable)
		return
	case err != nil:
		result = initiator.Result{Asked: initiator.SendTargetPortal{Portal: q.portal}, Err: &initiator.Error{Stage: initiator.StageResolve, Portal: q.portal, Err: err}}
	default:
		result = h.ask(ctx, p, max(1, q.timeout-time.Since(begun)), trace)
	}
	if p != nil {
		result.Phases.Resolve += p.resolving
	}
	if r.Context().Err() != nil {
		return // the scrape was given up, and so was the session
	}
	h.Log.Info("probe", "portal", q.portal.String(), "module", q.module, "targets", result.TargetsFound, "error", result.Err)
	answer(w, r, &result, time.Since(begun), trace)
}

// ask asks a portal within a time. What fails is the result's error.
func (h *Handler) ask(ctx context.Context, p *permit, timeout time.Duration, trace *limited) initiator.Result {
	d := h.Discoverer()
	d.Parallel, d.MaxHeld, d.Timeout = 1, maxHeld, timeout
	d.Lookup = p.lookup(h.Lookup)
	if trace != nil {
		d.Trace = app.Tracer(trace)
	}
	cfg := h.Config
	cfg.Store, cfg.Discoverer, cfg.Allow = unchanged{cfg.Store}, d, h.Guard.redirected(p)
	s, err := registry.Open(cfg)
	if err != nil {
		return failed(p.portal, err)
	}
	if p.key == nil {
		return h.scan(ctx, s, d, p.portal)
	}
	r, _ := s.RefreshSendTargetPortal(ctx, *p.key)
	if !r.Stored && r.Err == nil {
		return failed(p.portal, errors.New("the module's entry is not in the registry any more"))
	}
	return r
}

// scan asks a portal without options, under the rules that the registry has for it.
func (h *Handler) scan(ctx context.Context, s *registry.Service, d *initiator.Discoverer, portal initiator.Portal) (r initiator.Result) {
	rules, err := s.Rules(ctx)
	if err == nil {
		d.Rules = rules
		d.Selector, err = s.Selector(ctx, false)
	}
	if err == nil {
		d.InitiatorName, err = s.InitiatorNodeName(ctx)
	}
	if err != nil {
		return failed(portal, err)
	}
	r = failed(portal, context.Cause(ctx))
	one := func(yield func(initiator.SendTargetPortal) bool) { yield(initiator.SendTargetPortal{Portal: portal}) }
	for b := range d.Batches(ctx, one) {
		if b.Result != nil {
			r = *b.Result
		}
	}
	return r
}

// failed is the result of a portal that was not asked.
func failed(portal initiator.Portal, err error) initiator.Result {
	var e *initiator.Error
	if !errors.As(err, &e) {
		err = &initiator.Error{Stage: initiator.StageValidate, Portal: portal, Err: err}
	}
	return initiator.Result{Asked: initiator.SendTargetPortal{Portal: portal}, Err: err}
}

// lookup returns what resolves host names for a probe: the portal's own is what was
// checked, whatever a name server says by now.
func (p *permit) lookup(lookup lookupFunc) lookupFunc {
	return func(ctx context.Context, host string) ([]netip.Addr, error) {
		asked := initiator.Portal{Address: host}
		if asked.Canonical() == p.portal.Canonical() {
			return append([]netip.Addr(nil), p.addresses...), nil
		}
		return lookup(ctx, host) // of a redirection, which the guard checks where it leads
	}
}

// A limited keeps what is written to it, as far as there is room.
type limited struct {
	bytes.Buffer
	room int
	cut  bool
}

// Write keeps as much as there is room for, and never fails.
func (l *limited) Write(b []byte) (int, error) {
	n := min(len(b), l.room-l.Len())
	l.cut = l.cut || n < len(b)
	l.Buffer.Write(b[:n])
	return len(b), nil
}
