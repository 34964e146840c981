//go:build linux

package uml

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// An SA is a security association of a guest's kernel.
type SA struct {
	Source, Destination netip.Addr
	SPI                 uint32
	Mode                string // "transport" or "tunnel"
	Encap               bool   // within UDP
	Bytes, Packets      uint64 // that it has protected
}

// SAs returns the security associations of the guest's kernel.
func (g *Guest) SAs(t testing.TB) []SA {
	t.Helper()
	list, err := parseSAs(g.Run(t, "ip", "-statistics", "xfrm", "state"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// FlushSAs makes the guest's kernel forget all security associations. Nobody is
// told.
func (g *Guest) FlushSAs(t testing.TB) {
	t.Helper()
	g.Run(t, "ip", "xfrm", "state", "flush")
}

// XfrmStat returns a counter of the guest's kernel, such as
// "XfrmInTmplMismatch": how often something came unprotected that had not to.
func (g *Guest) XfrmStat(t testing.TB, name string) uint64 {
	t.Helper()
	for line := range strings.Lines(g.Run(t, "cat", "/proc/net/xfrm_stat")) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == name {
			n, err := strconv.ParseUint(f[1], 10, 64)
			if err != nil {
				t.Fatalf("uml: %s: %v", name, err)
			}
			return n
		}
	}
	t.Fatalf("uml: no counter %s", name)
	return 0
}

// parseSAs reads what iproute2 prints. Each association begins with a line that is not
// indented. One that has no keys is left out: the kernel keeps a place for an association
// that a packet waits for, and one for each SPI that a daemon has reserved for a
// negotiation. The second stays for minutes where the negotiation came to nothing and the
// daemon does not take the SPI back.
func parseSAs(text string) ([]SA, error) {
	var list []SA
	for block := range strings.SplitSeq("\n"+text, "\nsrc ") {
		if strings.TrimSpace(block) == "" {
			continue
		}
		sa, err := parseSA(strings.Fields(block))
		if err != nil {
			return nil, fmt.Errorf("uml: ip xfrm state: %w: %q", err, block)
		}
		if hasKeys(strings.Fields(block)) {
			list = append(list, sa)
		}
	}
	return list, nil
}

// hasKeys reports whether an association of iproute2's has an algorithm and its key.
func hasKeys(words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return w == "enc" || w == "auth" || w == "auth-trunc" || w == "aead" })
}

// parseSA reads the words of one association, after the first "src".
func parseSA(words []string) (SA, error) {
	var sa SA
	var err error
	if len(words) == 0 {
		return sa, nil
	}
	if sa.Source, err = netip.ParseAddr(words[0]); err != nil {
		return sa, err
	}
	after := func(word string) string {
		for i, w := range words[:len(words)-1] {
			if w == word {
				return words[i+1]
			}
		}
		return ""
	}
	if sa.Destination, err = netip.ParseAddr(after("dst")); err != nil {
		return sa, err
	}
	number, _, _ := strings.Cut(after("spi"), "(") // it is there twice, in both bases
	spi, err := strconv.ParseUint(number, 0, 32)
	if err != nil {
		return sa, err
	}
	sa.SPI, sa.Mode, sa.Encap = uint32(spi), after("mode"), after("encap") != ""
	// "lifetime current:", then a line such as "120(bytes), 2(packets)".
	for i, w := range words {
		if w != "current:" || i+2 >= len(words) {
			continue
		}
		if _, err := fmt.Sscanf(words[i+1]+" "+words[i+2], "%d(bytes), %d(packets)", &sa.Bytes, &sa.Packets); err != nil {
			return sa, err
		}
	}
	return sa, nil
}
