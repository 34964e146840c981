package main

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
	"github.com/go-iscsi/discovery/pkg/initiator"
)

// addressFlags say which of the addresses that targets advertise are shown, and how.
// They change the output alone: the registry keeps what a target advertises.
type addressFlags struct {
	probe     string // tcp or login; empty: no probes
	reachable bool
	family    string // 4 or 6; empty: both
	within    []netip.Prefix
	rewrites  []rewrite
	viaPortal bool
}

// The words of the flags.
var (
	probeWords  = []string{initiator.ProbeTCP.String(), initiator.ProbeLogin.String()}
	familyWords = []string{"4", "6"}
)

func (a *addressFlags) flags() *pflag.FlagSet {
	fs := newFlagSet()
	fs.VarPF(&choice{&a.probe, "KIND", probeWords}, "probe", "", "try the addresses that targets advertise: tcp (the default) connects, login also logs in and out").NoOptDefVal = probeWords[0]
	fs.BoolVar(&a.reachable, "reachable", false, "show only addresses that a probe reached; implies --probe")
	fs.Var(&choice{&a.family, "4|6", familyWords}, "family", "show only IPv4 or only IPv6 addresses")
	fs.Var(&prefixes{&a.within}, "within", "show only addresses in a block, such as 192.0.2.0/24; several, separated by commas or with a flag each")
	fs.Var(&rewriteList{&a.rewrites}, "rewrite", "FROM=TO, two addresses or two blocks of one size: show TO where a target advertises FROM (NAT); may be repeated, the first that fits counts")
	fs.BoolVar(&a.viaPortal, "via-portal", false, "show the portal that was asked as the address of each target (NAT)")
	return fs
}

// completeAddressFlags tells the shell which words the flags take.
func completeAddressFlags(cmd *cobra.Command) {
	_ = cmd.RegisterFlagCompletionFunc("probe", complete(probeWords...))
	_ = cmd.RegisterFlagCompletionFunc("family", complete(familyWords...))
}

// check refuses flags that do not go together.
func (a *addressFlags) check() error {
	if a.viaPortal && len(a.rewrites) > 0 {
		return machine.Usagef("--via-portal and --rewrite are two ways to say where targets are: choose one")
	}
	fits := func(p netip.Prefix) bool { return a.ofFamily(p.Addr()) }
	if len(a.within) > 0 && !slices.ContainsFunc(a.within, fits) {
		return machine.Usagef("--within has no block of IPv%s, and --family %s shows no other addresses", a.family, a.family)
	}
	return nil
}

// ofFamily reports whether --family shows an address.
func (a *addressFlags) ofFamily(addr netip.Addr) bool {
	return a.family == "" || addr.Is4() == (a.family == "4")
}

// isWithin reports whether --within shows an address.
func (a *addressFlags) isWithin(addr netip.Addr) bool {
	return len(a.within) == 0 || slices.ContainsFunc(a.within, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// probes reports whether addresses are to be tried.
func (a *addressFlags) probes() bool { return a.probe != "" || a.reachable }

// kind returns how they are tried.
func (a *addressFlags) kind() initiator.ProbeKind {
	if a.probe == initiator.ProbeLogin.String() {
		return initiator.ProbeLogin
	}
	return initiator.ProbeTCP
}

// filters reports whether addresses may be left out.
func (a *addressFlags) filters() bool { return a.reachable || a.family != "" || len(a.within) > 0 }

// filterNames lists the flags that leave addresses out.
func (a *addressFlags) filterNames() string {
	var names []string
	for _, f := range []struct {
		given bool
		name  string
	}{{a.family != "", "--family"}, {len(a.within) > 0, "--within"}, {a.reachable, "--reachable"}} {
		if f.given {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ", ")
}

// prefixes are blocks of addresses, separated by commas.
type prefixes struct{ value *[]netip.Prefix }

func (p *prefixes) String() string { return "" }

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
		return netip.Prefix{}, errors.New("a zone is of this host, and has no place here")
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
	return netip.Prefix{}, errors.New("an address or a block, such as 192.0.2.10, 192.0.2.0/24 or 2001:db8::/64")
}
