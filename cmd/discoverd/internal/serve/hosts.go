package serve

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Hosts are the names by which the daemon is asked. A web page of another site, whose name
// was made to lead here, asks by its own.
type Hosts struct{ names []string }

// NewHosts returns the names of loopback and those that are given: of --host, and of the
// addresses where the daemon listens.
func NewHosts(names ...string) *Hosts {
	h := &Hosts{names: []string{"localhost"}}
	for _, n := range names {
		h.names = append(h.names, canonical(n))
	}
	return h
}

// canonical returns a host as it is compared.
func canonical(host string) string {
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().WithZone("").String()
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// knows reports a Host of a request: one of the names, or the address at which the
// connection came in.
func (h *Hosts) knows(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = canonical(host)
	if slices.Contains(h.names, host) {
		return true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	if addr.IsLoopback() {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())
	return err == nil && at.Addr().Unmap().WithZone("") == addr
}

// Guard lets in requests by known names without a body, and gives each answer a bounded
// time for each piece.
func Guard(hosts *Hosts, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case !hosts.knows(r):
			http.Error(w, "this host name is not known here: give it to discoverd with --host NAME", http.StatusMisdirectedRequest)
		case r.ContentLength != 0:
			w.Header().Set("Connection", "close")
			http.Error(w, "no request here has a body", http.StatusRequestEntityTooLarge)
		default:
			next.ServeHTTP(&patient{ResponseWriter: w, deadlines: http.NewResponseController(w)}, r)
		}
	})
}
