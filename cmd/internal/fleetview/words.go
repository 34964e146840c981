package fleetview

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet/view"
)

// Span says how long something takes, in one unit.
func Span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(d, 0)/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}

// sinceText says since when something is; empty: it is not known.
func sinceText(t time.Time, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	return "for " + Span(now.Sub(t))
}

// maxNames is how many names of hosts or targets a line for people has.
const maxNames = 5

// Names lists names, not too many of them.
func Names(all []string) string {
	if len(all) <= maxNames {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:maxNames], ", "), len(all)-maxNames)
}

// HostsOf returns the hosts of paths, which are in order.
func HostsOf(paths []view.Path) (hosts []string) {
	for i := range paths {
		if i == 0 || paths[i].Host != paths[i-1].Host {
			hosts = append(hosts, paths[i].Host)
		}
	}
	return hosts
}

// portalText names a portal, or an iSNS server.
func portalText(p initiator.Portal, isns bool) string {
	if isns {
		return "iSNS server " + p.String()
	}
	return p.String()
}

// plural returns a number with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
