package initiator

import (
	"bufio"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Flags of an IPv6 address (IFA_F_…).
const (
	flagTemporary  = 0x01
	flagDeprecated = 0x20
)

// passingAddresses returns the IPv6 addresses that do not last. The kernel
// tells in /proc; where it cannot be read, all addresses count.
func passingAddresses() map[netip.Addr]bool {
	f, err := os.Open("/proc/net/if_inet6")
	if err != nil {
		return nil
	}
	defer f.Close()
	passing := make(map[netip.Addr]bool)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// address, interface index, prefix length, scope, flags, name
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 || len(fields[0]) != 32 {
			continue
		}
		flags, err := strconv.ParseUint(fields[4], 16, 32)
		if err != nil || flags&(flagTemporary|flagDeprecated) == 0 {
			continue
		}
		var b strings.Builder
		for i := 0; i < 32; i += 4 {
			if i > 0 {
				b.WriteByte(':')
			}
			b.WriteString(fields[0][i : i+4])
		}
		if addr, err := netip.ParseAddr(b.String()); err == nil {
			passing[addr] = true
		}
	}
	return passing
}
