package initiator

import (
	"fmt"
	"slices"
	"strings"
)

// unusableAddresses are those of an answer to which no connection from this host is possible.
type unusableAddresses struct {
	named  []TargetAddress // the first few, each once
	others bool            // there were more
	warned bool            // about a wildcard
}

// maxUnusable is how many addresses the warning names.
const maxUnusable = 8

func (u *unusableAddresses) reset() { *u = unusableAddresses{named: u.named[:0]} }

// add notes an address. Group tags do not count.
func (u *unusableAddresses) add(a TargetAddress) {
	a.Group = NoGroup
	switch {
	case slices.Contains(u.named, a):
	case len(u.named) < maxUnusable:
		u.named = append(u.named, a)
	default:
		u.others = true
	}
}

// String names the addresses and says why.
func (u *unusableAddresses) String() string {
	var list []string
	for _, a := range u.named {
		list = append(list, fmt.Sprintf("%s (%s)", strings.TrimSuffix(a.String(), ",-1"), a.Unusable))
	}
	if u.others {
		list = append(list, "and others")
	}
	return strings.Join(list, ", ")
}

// place makes an address that is not an ordinary one what it is from here.
func (l *list) place(a TargetAddress, kind addressKind) TargetAddress {
	was := a
	a = a.seenFrom(l.session.Addr(), kind)
	if kind == wildcardAddress && !l.unusable.warned {
		l.unusable.warned = true
		l.warn(WarnWildcard, "the target advertises %s, which stands for each of its addresses; %s, the address in use, takes its place", strings.TrimSuffix(was.String(), ",-1"), a.Host)
	}
	if a.Unusable != Usable {
		l.unusable.add(a)
	}
	return a
}

// warnUnusable says which advertised addresses are of no use, once for a portal.
func (l *list) warnUnusable() {
	if len(l.unusable.named) > 0 {
		l.warnings.add(WarnUnusable, "advertised addresses that cannot be connected to from here: %s", &l.unusable)
	}
}
