package iscsicli

import (
	"fmt"
	"strings"

	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/ipsec"
)

// Portals lays out the entries of the registry.
func (l *Layout) Portals(portals []registry.StoredPortal) {
	l.Line("Total of %d portals are persisted:", len(portals))
	for i := range portals {
		l.Line("")
		l.portal(&portals[i])
	}
	l.Line("")
}

// portal lays out an entry. Options show where they were specified.
func (l *Layout) portal(p *registry.StoredPortal) {
	o := &p.Login
	number := func(label string, value uint32, bit login.Specified) {
		if o.Specified&bit != 0 {
			l.field(label, fmt.Sprint(value))
		}
	}
	l.socket(p.Portal.Address, p.Portal.Port)
	l.field("Symbolic Name", l.escape(p.Portal.SymbolicName))
	l.field("Initiator Name", l.escape(p.Instance))
	l.field("Port Number", portNumber(p.Port))
	l.SecurityFlags(p.Security)
	l.field("Version", fmt.Sprint(o.Version))
	l.field("Information Specified", fmt.Sprintf("%#x", uint32(o.Specified)))
	if o.Specified&login.SpecifiedHeaderDigest != 0 {
		l.field("Header Digest", digest(o.HeaderDigest))
	}
	if o.Specified&login.SpecifiedDataDigest != 0 {
		l.field("Data Digest", digest(o.DataDigest))
	}
	number("Maximum Connections", o.MaximumConnections, login.SpecifiedMaximumConnections)
	number("Default Time 2 Wait", o.DefaultTime2Wait, login.SpecifiedDefaultTime2Wait)
	number("Default Time 2 Retain", o.DefaultTime2Retain, login.SpecifiedDefaultTime2Retain)
	l.field("Login Flags", fmt.Sprintf("%#x", uint32(o.Flags)), loginFlagNames(o.Flags)...)
	if o.Specified&login.SpecifiedAuthType != 0 {
		l.field("Authentication Type", authType(o.AuthType))
	}
	if o.Specified&login.SpecifiedUsername != 0 {
		lines := dump(o.Username)
		l.field("Username", lines[0], lines[1:]...)
	}
	if o.Specified&login.SpecifiedPassword != 0 {
		l.field("Password", "<is established>")
	}
}

// socket lays out where a portal is.
func (l *Layout) socket(address string, port uint16) {
	l.field("Address and Socket", fmt.Sprintf("%s %d", l.escape(address), port))
}

// SecurityFlags lays out the bitmap, and what its bits mean.
func (l *Layout) SecurityFlags(f ipsec.Flags) {
	var names []string
	for _, bit := range []struct {
		flag ipsec.Flags
		name string
	}{
		{ipsec.FlagTunnel, "Tunnel Mode Preferred"},
		{ipsec.FlagTransport, "Transport Mode Preferred"},
		{ipsec.FlagPFS, "PFS Enabled"},
		{ipsec.FlagAggressive, "Aggressive Mode Enabled"},
		{ipsec.FlagMain, "Main Mode Enabled"},
		{ipsec.FlagIKE, "IPSEC Enabled"},
		{ipsec.FlagValid, "Security Flags are Valid"},
	} {
		if f.Has(bit.flag) {
			names = append(names, bit.name)
		}
	}
	l.field("Security Flags", fmt.Sprintf("%#x", uint64(f)), names...)
}

func loginFlagNames(f login.Flags) (names []string) {
	if f&login.RequireIPsec != 0 {
		names = append(names, "Require IPsec")
	}
	if f&login.MultipathEnabled != 0 {
		names = append(names, "Multipath Enabled")
	}
	if f&login.AllowPortalHopping != 0 {
		names = append(names, "Portal Hopping Allowed")
	}
	return names
}

func portNumber(n ports.Number) string {
	if n == ports.All {
		return "<Any Port>"
	}
	return n.String()
}

// digest returns a digest as the tool names it. One that it does not know is of
// discover portal add.
func digest(d login.DigestType) string {
	switch d {
	case login.DigestNone:
		return "None"
	case login.DigestCRC32C:
		return "CRC-32C"
	case login.DigestPreferCRC32C:
		return "CRC-32C, or None"
	}
	return d.String()
}

func authType(a login.AuthType) string {
	switch a {
	case login.NoAuth:
		return "None"
	case login.CHAP:
		return "CHAP"
	case login.MutualCHAP:
		return "Mutual CHAP"
	}
	return a.String()
}

// dump returns bytes in hexadecimal digits with what can be seen of them beside,
// 16 in a line. There is one line at least.
func dump(s string) []string {
	const row = 16
	lines := []string{}
	for len(s) > 0 || len(lines) == 0 {
		part := s[:min(row, len(s))]
		s = s[len(part):]
		seen := strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '.'
			}
			return r
		}, latin1(part))
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%-*s  %s", 3*row-1, fmt.Sprintf("% x", part), seen), " "))
	}
	return lines
}

// latin1 makes a rune of each byte.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}
