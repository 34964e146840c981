package fleet

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
)

// A listed is a target in an answer.
type listed struct {
	Name      string   `json:"name"`
	Alias     string   `json:"alias,omitempty"`
	Addresses []string `json:"addresses"`
}

// A lister writes targets, one after the other. Those that share the memory of their addresses
// share their text.
type lister struct {
	addresses []target.Address // of the target before
	texts     []string         // of them, in order
	why       string           // they cannot be read; empty: they can
}

// list returns a target as it is written, or why no reader takes it.
func (w *lister) list(t *target.Target) (l listed, why string) {
	if why := impossibleName(t.Name); why != "" {
		return l, why
	}
	if !sameMemory(t.Addresses, w.addresses) {
		w.write(t.Addresses)
	}
	l = listed{Name: t.Name, Alias: t.Alias, Addresses: w.texts}
	if len(l.Alias) > MaxTextLen || !utf8.ValidString(l.Alias) {
		l.Alias = cutText(strings.ToValidUTF8(l.Alias, "\ufffd"))
	}
	return l, w.why
}

// write makes the text of addresses.
func (w *lister) write(addresses []target.Address) {
	w.addresses, w.texts, w.why = addresses, make([]string, len(addresses)), ""
	for i := range addresses {
		w.texts[i] = addressText(addresses[i])
		if _, ok := parseAddress(w.texts[i]); !ok {
			w.why = "it has an impossible address"
		}
	}
	slices.Sort(w.texts)
}

func sameMemory(a, b []target.Address) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}

// impossibleName says why a name is none that a reader takes; empty: it is one.
func impossibleName(s string) string {
	switch {
	case s == "":
		return "it has no name"
	case len(s) > name.MaxLen:
		return "its name is too long"
	case !utf8.ValidString(s):
		return "its name is not UTF-8"
	}
	return ""
}

// target returns the target that is listed, or why there can be none.
func (l *listed) target() (t target.Target, why string) {
	if impossibleName(l.Name) != "" || len(l.Alias) > MaxTextLen || len(l.Addresses) > MaxAddresses {
		return t, "a target in it has an impossible name, too long an alias, or too many addresses"
	}
	t = target.Target{Name: l.Name, Alias: l.Alias, Addresses: make([]target.Address, len(l.Addresses))}
	for j, a := range l.Addresses {
		address, ok := parseAddress(a)
		if !ok {
			return t, "a target in it has an impossible address"
		}
		t.Addresses[j] = address
	}
	return t, ""
}
