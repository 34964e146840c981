package sd

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A Handler answers /sd.
type Handler struct {
	Service func(ctx context.Context) (*registry.Service, error)

	// OneRecord reports an error that is about one record of the registry alone.
	OneRecord func(error) bool
}

// A group is one portal, as http_sd has it.
type group struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// A portal is what is known of one.
type portal struct {
	address    string // host:port
	entry      bool   // the registry has it
	advertised bool   // a target does
	module     string // symbolic name of its first entry that has one
	targets    int    // that are seen there: by an entry, or as advertised
	groups     map[int]bool
}

// labelPrefix begins each label. Prometheus drops those that a relabeling does not take.
const labelPrefix = "__meta_iscsi_"

// ServeHTTP answers with the whole list. A registry that cannot be read is an error, on
// which Prometheus keeps the list that it has.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	portals, err := h.portals(r.Context())
	if err != nil {
		http.Error(w, terminal.Visible("the registry cannot be read: "+err.Error()), http.StatusServiceUnavailable)
		return
	}
	groups := make([]group, 0, len(portals))
	for _, name := range slices.Sorted(maps.Keys(portals)) {
		groups = append(groups, portals[name].group())
	}
	b, err := json.Marshal(groups)
	if err != nil {
		http.Error(w, "the list cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(b, '\n'))
}

// portals returns the entries of the registry and what targets advertise, by address.
func (h *Handler) portals(ctx context.Context) (map[string]*portal, error) {
	s, err := h.Service(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[string]*portal)
	at := func(p initiator.Portal) *portal {
		id := fmt.Sprintf("%s %d", p.Canonical(), p.Port)
		if all[id] == nil {
			all[id] = &portal{address: initiator.Portal{Address: p.Canonical(), Port: p.Port}.String(), groups: make(map[int]bool)}
		}
		return all[id]
	}
	for p, err := range s.SendTargetPortals(ctx) {
		if err != nil {
			if !h.OneRecord(err) {
				return nil, err
			}
			continue
		}
		found := at(p.Portal)
		found.entry, found.module = true, cmp.Or(found.module, p.Portal.SymbolicName)
	}
	for t, err := range s.Targets(ctx, false) {
		if err != nil {
			if !h.OneRecord(err) {
				return nil, err
			}
			continue
		}
		count(&t, at)
	}
	return all, ctx.Err()
}

// count adds a target to the portals at which it is seen, to each once.
func count(t *registry.KnownTarget, at func(initiator.Portal) *portal) {
	seen := make(map[*portal]bool)
	add := func(p initiator.Portal) *portal {
		found := at(p)
		if !seen[found] {
			seen[found] = true
			found.targets++
		}
		return found
	}
	for i := range t.Mechanisms {
		m := &t.Mechanisms[i]
		if m.Stale || !m.MissingSince.IsZero() {
			continue
		}
		if !m.Static {
			add(m.Portal.Portal)
		}
		for _, a := range m.Addresses {
			if a.Unusable != target.Usable {
				continue
			}
			found := add(initiator.Portal{Address: a.Host, Port: a.Port})
			found.advertised = true
			if a.Group != target.NoGroup {
				found.groups[a.Group] = true
			}
		}
	}
}

// group returns a portal as it is answered.
func (p *portal) group() group {
	labels := map[string]string{
		labelPrefix + "entry":      strconv.FormatBool(p.entry),
		labelPrefix + "advertised": strconv.FormatBool(p.advertised),
		labelPrefix + "targets":    strconv.Itoa(p.targets),
		labelPrefix + "groups":     groupList(p.groups),
	}
	if p.module != "" {
		labels[labelPrefix+"module"] = strings.ToValidUTF8(p.module, "�")
	}
	return group{Targets: []string{p.address}, Labels: labels}
}

// groupList returns portal group tags between commas, as Prometheus has lists in labels:
// an expression finds ,1, at each place.
func groupList(groups map[int]bool) string {
	if len(groups) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteByte(',')
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		b.WriteString(strconv.Itoa(g))
		b.WriteByte(',')
	}
	return b.String()
}
