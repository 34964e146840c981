package page

import (
	"errors"
	"net/url"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// errBadQuery is the error of an address whose query cannot be used.
var errBadQuery = errors.New("the address cannot be used")

// targetLink is the address of a target's page.
func targetLink(name string) string { return "/target/" + url.PathEscape(name) }

// portalLink is the address of the page of a portal, as it is asked from all ports.
func portalLink(p initiator.Portal) string {
	return "/portal?" + url.Values{"portal": {p.String()}}.Encode()
}

// entryLink is the address of the page of one entry: a portal as it is asked from one port.
func entryLink(k initiator.Key) string {
	return "/portal?" + url.Values{"portal": {k.Portal.String()}, "instance": {k.Instance}, "port": {k.Port.String()}}.Encode()
}

// linksTo reports whether an address with a query means an entry.
func linksTo(q url.Values, k initiator.Key) bool {
	return q.Get("portal") == k.Portal.String() && (!q.Has("port") || q.Get("port") == k.Port.String() && q.Get("instance") == k.Instance)
}
