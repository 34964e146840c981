package flags

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/spf13/cobra"
)

// The values of flags say themselves what would be right. Type is the word that
// stands for the value in the manual; String is empty, since the manual tells
// the defaults in words.

// A text is any string but the empty one: a script whose variable is not set does
// not mean the default.
type text struct {
	value *string
	name  string
}

// NewText returns the value of a flag that is a text. name stands for the value in the manual.
func NewText(value *string, name string) *text { return &text{value, name} }

func (t *text) String() string { return "" }

func (t *text) Type() string { return t.name }

// Given returns the text; empty: none was given.
func (t *text) Given() string { return *t.value }

func (t *text) Set(s string) error {
	if s == "" {
		return errors.New("the value is empty; leave the flag out for the default")
	}
	*t.value = s
	return nil
}

// texts are the values of a flag that may be given several times.
type texts struct {
	value *[]string
	name  string
}

// NewTexts returns the value of a flag that may be given several times. name stands for one
// of them in the manual.
func NewTexts(value *[]string, name string) *texts { return &texts{value, name} }

func (t *texts) String() string { return "" }

func (t *texts) Type() string { return t.name }

func (t *texts) Set(s string) error {
	var one string
	if err := (&text{&one, t.name}).Set(s); err != nil {
		return err
	}
	*t.value = append(*t.value, one)
	return nil
}

// AnyInstance is what portal list prints where an entry has no instance.
const AnyInstance = "any"

// An instanceName is the name of an initiator instance, or any: no instance in particular.
type instanceName struct{ value *string }

func (i *instanceName) String() string { return "" }

func (i *instanceName) Type() string { return "NAME" }

func (i *instanceName) Set(s string) error {
	if s == AnyInstance {
		*i.value = ""
		return nil
	}
	return (&text{i.value, ""}).Set(s)
}

// A fileName is a file that is to be written.
type fileName struct{ value *string }

func (f *fileName) String() string { return "" }

func (f *fileName) Type() string { return "FILE" }

func (f *fileName) Set(s string) error {
	if s == "" || s == "-" {
		return errors.New("expected the name of a file")
	}
	*f.value = s
	return nil
}

// A number has bounds, and knows whether it was given.
type number struct {
	value    *int64
	name     string
	min, max int64
	given    *bool // set where the flag is there; nil: it makes no difference

	// checked takes every number of 32 bits: min and max are a rule of the reference
	// API, whose refusal is a result (EFFF0056, exit status 1) and no usage error.
	checked bool
}

func (n *number) String() string { return "" }

func (n *number) Type() string { return n.name }

func (n *number) Set(s string) error {
	v, err := strconv.ParseInt(s, 10, 64)
	lowest, highest := n.min, n.max
	if n.checked {
		lowest, highest = 0, math.MaxUint32
	}
	if err != nil || v < lowest || v > highest {
		return fmt.Errorf("expected a number from %d to %d", n.min, n.max)
	}
	*n.value = v
	if n.given != nil {
		*n.given = true
	}
	return nil
}

// A gateway is the address of one.
type gateway struct{ value *netip.Addr }

func (g *gateway) String() string { return "" }

func (g *gateway) Type() string { return "ADDRESS" }

func (g *gateway) Set(s string) error {
	v, ok := HostAddress(s)
	if !ok {
		return errors.New("expected an IP address, such as 192.0.2.1 or 2001:db8::1")
	}
	*g.value = v
	return nil
}

// HostAddress reads the address of another host; IPv6 may be in brackets, and a
// link-local one may have a zone.
func HostAddress(s string) (netip.Addr, bool) {
	v, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil || v.IsUnspecified() || v.IsMulticast() || v.Zone() != "" && !v.IsLinkLocalUnicast() {
		return netip.Addr{}, false
	}
	return v.Unmap(), true
}

// proposals are the algorithms to offer in IKE.
type proposals struct{ text }

// Offer offers the words that are not in strongSwan's notation.
func (p *proposals) Offer(*machine.Env, string) ([]string, cobra.ShellCompDirective) {
	return []string{ipsec.ProposalsDefault, ipsec.ProposalsLegacy}, cobra.ShellCompDirectiveNoFileComp
}

// An enforcerName is the word for the enforcer that is to set IPsec up.
type enforcerName struct{ value *string }

func (e *enforcerName) String() string { return "" }

func (e *enforcerName) Type() string { return "WORD" }

// Offer offers the words.
func (e *enforcerName) Offer(*machine.Env, string) ([]string, cobra.ShellCompDirective) {
	return machine.Enforcers, cobra.ShellCompDirectiveNoFileComp
}

func (e *enforcerName) Set(s string) error {
	return NewChoice(e.value, "WORD", machine.Enforcers).Set(s)
}
