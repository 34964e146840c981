package flags

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// View has the flags that say which of the addresses that targets advertise are shown, and how.
// They change the output alone: the registry keeps what a target advertises.
type View struct {
	probe     string // tcp or login; empty: no probes
	Reachable bool
	Family    string // 4 or 6; empty: both
	Within    []netip.Prefix
	Rewrites  []Rewrite
	ViaPortal bool
}

// The words of the flags.
var (
	probeWords  = []string{initiator.ProbeTCP.String(), initiator.ProbeLogin.String()}
	familyWords = []string{"4", "6"}
)

// FlagSet defines the flags.
func (a *View) FlagSet() *pflag.FlagSet {
	fs := NewSet()
	fs.VarPF(&choice{&a.probe, "KIND", probeWords}, "probe", "", "try the addresses that targets advertise: tcp (the default) only connects, login also logs in and out").NoOptDefVal = probeWords[0]
	fs.BoolVar(&a.Reachable, "reachable", false, "show only addresses that a probe reached; implies --probe")
	fs.Var(&choice{&a.Family, "4|6", familyWords}, "family", "show only IPv4 or only IPv6 addresses")
	fs.Var(&prefixes{&a.Within}, "within", "show only addresses in a block, such as 192.0.2.0/24; for several blocks, separate them by commas or repeat the flag")
	fs.Var(&rewriteList{&a.Rewrites}, "rewrite", "two addresses or two blocks of the same size: show TO where a target advertises FROM (NAT); may be repeated, the first match counts")
	fs.BoolVar(&a.ViaPortal, "via-portal", false, "show the portal that was asked as the address of each target (NAT)")
	return fs
}

// Check refuses flags that do not go together.
func (a *View) Check() error {
	if a.ViaPortal && len(a.Rewrites) > 0 {
		return exit.Usagef("--via-portal and --rewrite both replace the addresses of targets: give only one of them")
	}
	fits := func(p netip.Prefix) bool { return a.OfFamily(p.Addr()) }
	if len(a.Within) > 0 && !slices.ContainsFunc(a.Within, fits) {
		return exit.Usagef("--within has no IPv%s block, but --family %s shows only such addresses", a.Family, a.Family)
	}
	return nil
}

// OfFamily reports whether --family shows an address.
func (a *View) OfFamily(addr netip.Addr) bool {
	return a.Family == "" || addr.Is4() == (a.Family == "4")
}

// IsWithin reports whether --within shows an address.
func (a *View) IsWithin(addr netip.Addr) bool {
	return len(a.Within) == 0 || slices.ContainsFunc(a.Within, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// Probes reports whether addresses are to be tried.
func (a *View) Probes() bool { return a.probe != "" || a.Reachable }

// Kind returns how they are tried.
func (a *View) Kind() initiator.ProbeKind {
	if a.probe == initiator.ProbeLogin.String() {
		return initiator.ProbeLogin
	}
	return initiator.ProbeTCP
}

// Filters reports whether addresses may be left out.
func (a *View) Filters() bool { return a.Reachable || a.Family != "" || len(a.Within) > 0 }

// FilterNames lists the flags that leave addresses out.
func (a *View) FilterNames() string {
	var names []string
	for _, f := range []struct {
		given bool
		name  string
	}{{a.Family != "", "--family"}, {len(a.Within) > 0, "--within"}, {a.Reachable, "--reachable"}} {
		if f.given {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ", ")
}

// prefixes are blocks of addresses, separated by commas.
type prefixes struct{ value *[]netip.Prefix }

func (p *prefixes) String() string { return "" }

// Repeats reports that the flag may be given several times.
func (p *prefixes) Repeats() bool { return true }

func (p *prefixes) Type() string { return "CIDR" }

func (p *prefixes) Set(s string) error {
	for text := range strings.SplitSeq(s, ",") {
		block, err := parsePrefix(text)
		if err != nil {
			return err
		}
		if block = block.Masked(); slices.Contains(*p.value, block) {
			return fmt.Errorf("%s was given twice", block)
		}
		*p.value = append(*p.value, block)
	}
	return nil
}

// parsePrefix reads a block of addresses, or an address, which is a block of one.
// IPv6 may be in brackets.
func parsePrefix(s string) (netip.Prefix, error) {
	bare, ok := strings.CutPrefix(s, "[")
	if ok {
		bare, ok = strings.CutSuffix(bare, "]")
	} else {
		bare, ok = s, true
	}
	switch {
	case !ok:
	case strings.Contains(bare, "%"):
		return netip.Prefix{}, errors.New("a zone, which has a meaning only on this host, is not accepted here")
	case !strings.Contains(bare, "/"):
		if addr, err := netip.ParseAddr(bare); err == nil {
			addr = addr.Unmap()
			return netip.PrefixFrom(addr, addr.BitLen()), nil
		}
	default:
		if block, err := netip.ParsePrefix(bare); err == nil && !block.Addr().Is4In6() {
			return block, nil
		}
	}
	return netip.Prefix{}, errors.New("expected an address or a block, such as 192.0.2.10, 192.0.2.0/24 or 2001:db8::/64")
}
