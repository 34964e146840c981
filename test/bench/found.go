package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sweptTargets is how many targets are at each address of a network.
const sweptTargets = 4

// A reader finds in a line of what a sweep prints the address that it says has
// answered; empty: none. Lines come in their order.
type reader func(line string) (address string)

// readDiscover reads discover's -o jsonl. Where not all targets were found is no
// answer.
func readDiscover(line string) string {
	var record struct {
		Type, Status, Address string
		Found                 int `json:"targets_found"`
	}
	if !strings.HasPrefix(line, `{"type":"portal"`) || json.Unmarshal([]byte(line), &record) != nil {
		return ""
	}
	if addr, err := netip.ParseAddrPort(record.Address); err == nil && record.Status == "ok" && record.Found == sweptTargets {
		return addr.Addr().String()
	}
	return ""
}

// readNmap reads the ports that are open, of nmap -oG.
func readNmap(line string) string {
	if host, ok := strings.CutPrefix(line, "Host: "); ok && strings.Contains(line, "/open/") {
		host, _, _ = strings.Cut(host, " ")
		return host
	}
	return ""
}

// readScript reads what nmap's iscsi-info finds: of -oN, as many targets of a host.
func readScript() reader {
	host, found := "", 0
	return func(line string) string {
		if h, ok := strings.CutPrefix(line, "Nmap scan report for "); ok {
			host, found = h, 0
		}
		if strings.HasPrefix(line, "|") && strings.Contains(line, "iqn.") {
			if found++; found == sweptTargets {
				return host
			}
		}
		return ""
	}
}

// readMasscan reads masscan -oL.
func readMasscan(line string) string {
	if f := strings.Fields(line); len(f) == 5 && f[0] == "open" {
		return f[3]
	}
	return ""
}

// readZmap reads what zmap prints: addresses.
func readZmap(line string) string { return line }

// readFound reads a file of what a sweep has printed.
func readFound(path string, read reader) (all []netip.Addr, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if a := read(lines.Text()); a != "" {
			addr, err := netip.ParseAddr(a)
			if err != nil {
				return nil, err
			}
			all = append(all, addr)
		}
	}
	return all, lines.Err()
}

// exactly says whether a sweep has found exactly what it should have, or no more
// than that where some may be lost.
func exactly(got, want []netip.Addr, lost bool) error {
	got, want = slices.Clone(got), slices.Clone(want)
	slices.SortFunc(got, netip.Addr.Compare)
	slices.SortFunc(want, netip.Addr.Compare)
	more, fewer := except(got, want), except(want, got)
	if len(more) == 0 && (lost || len(fewer) == 0) {
		return nil
	}
	return fmt.Errorf("it found %d addresses, not %d; too many: %s; missing: %s", len(got), len(want), first(more), first(fewer))
}

// except returns those of a that are not in b, which is sorted, and those that are
// in a twice.
func except(a, b []netip.Addr) (left []netip.Addr) {
	for i, x := range a {
		if _, in := slices.BinarySearchFunc(b, x, netip.Addr.Compare); !in || i > 0 && x == a[i-1] {
			left = append(left, x)
		}
	}
	return left
}

// first returns a few of addresses.
func first(all []netip.Addr) string {
	if len(all) == 0 {
		return "none"
	}
	return fmt.Sprint(len(all), ", ", all[:min(len(all), 5)])
}

// addressFile writes addresses, one a line.
func (s *settings) addressFile(name string, all []netip.Addr) (string, error) {
	var lines strings.Builder
	for _, a := range all {
		fmt.Fprintln(&lines, a)
	}
	path := filepath.Join(s.dir, name)
	return path, os.WriteFile(path, []byte(lines.String()), 0o600)
}
