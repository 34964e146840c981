package verbs

import (
	"encoding/json"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/test/isnstest"
)

// TestISNSEscapes: what a server names is shown on one line, without what a terminal would act
// upon, in each output of each verb.
func TestISNSEscapes(t *testing.T) {
	t.Parallel()
	const hostile = "a\x1b[2J\n\r\t\u202eb\u2028\"\\\u009b"
	at := netip.MustParseAddrPort("192.0.2.10:3260")
	db := isnstest.Database{
		Nodes:   []isnstest.Node{{Name: "iqn.2026-11.com.example:disk1", Alias: hostile, Access: []isnstest.Access{{Portal: at, Group: 1}}}},
		Portals: []isnstest.Portal{{Address: at, Name: hostile}},
		Domains: []isnstest.Domain{{ID: 7, Name: hostile, Members: []string{"iqn.2026-11.com.example:disk1", "iqn.2026-11.io.github.go-iscsi:host1.example.com"}}},
	}
	synctest.Test(t, func(t *testing.T) {
		for _, verb := range []string{"isns query 192.0.2.5", "isns add 192.0.2.5", "isns refresh 192.0.2.5", "scan --isns 192.0.2.5", "target list", "target list --refresh"} {
			l := newLab(t)
			l.isns(t, isnstest.Config{Database: db})
			l.env["DISCOVER_REGISTRY"] = filepath.Join(t.TempDir(), "registry.db")
			l.discover(t.Context(), "isns", "add", "192.0.2.5")
			l.Portal("192.0.2.10:3260", twoTargets())
			for _, format := range []string{"table", "json", "jsonl", "iscsiadm"} {
				r := l.discover(t.Context(), append(strings.Fields(verb), "-o", format)...)
				out := r.stdout + r.stderr
				if strings.ContainsAny(out, "\x1b\r\u202e\u2028\u009b") || strings.Contains(out, "[2J\n") || out == "" {
					t.Errorf("%s -o %s: got %q", verb, format, out)
				}
				switch format {
				case "json":
					if !json.Valid([]byte(r.stdout)) {
						t.Errorf("%s: not JSON: %s", verb, r.stdout)
					}
				case "jsonl":
					for line := range strings.Lines(r.stdout) {
						if !json.Valid([]byte(line)) {
							t.Errorf("%s: not JSON: %s", verb, line)
						}
					}
				}
			}
		}
	})
}
