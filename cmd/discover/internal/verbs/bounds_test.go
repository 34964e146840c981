package verbs

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/machine"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// document is what is looked at of -o json here.
type document struct {
	Results []struct {
		Portal   string
		Status   string
		CodeName string `json:"code_name"`
		Error    struct{ Stage, Message string }
		Targets  []struct {
			Name, Alias string
			Addresses   []struct{ Address string }
		}
		Warnings []struct{ Code, Message string }
	}
	Targets []struct{ Name string }
}

func parseDocument(t *testing.T, s string) (d document) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &d); err != nil {
		t.Fatalf("no valid document: %v: %.500s", err, s)
	}
	return d
}

// Long lists are whole, with flags as they are by default: alone, and when they wait
// for a portal that was given before.
func TestLongListIsWhole(t *testing.T) {
	t.Parallel()
	for _, format := range []string{render.FormatJSON, render.FormatTable, render.FormatISCSIADM} {
		for _, waits := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, waits %t", format, waits), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l := newLab(t)
					l.Portal("192.0.2.10:3260", listOf(manyTargets, ordinary))
					l.Portal("192.0.2.13:3260")
					args, want := []string{"scan", "-o", format, "192.0.2.10"}, exit.OK
					if waits {
						args, want = append(args[:3], "192.0.2.13", "192.0.2.10"), exit.Partly
					}
					r := l.discover(t.Context(), args...)
					if r.status != want {
						t.Errorf("got exit status %d, want %d: %s", r.status, want, r.stderr)
					}
					i := 0
					if format == render.FormatJSON {
						d := parseDocument(t, r.stdout)
						for _, target := range d.Results[len(d.Results)-1].Targets {
							if target.Name != ordinaryName(i) || len(target.Addresses) != 1 || target.Addresses[0].Address != "192.0.2.10" {
								t.Fatalf("target %d is %v", i, target)
							}
							i++
						}
					} else {
						for line := range strings.Lines(r.stdout) {
							if strings.Contains(line, "iqn.") {
								if fields := strings.Fields(line); !slices.Contains(fields, ordinaryName(i)) || !slices.Contains(fields, "192.0.2.10:3260,1") {
									t.Fatalf("target %d is %s", i, line)
								}
								i++
							}
						}
					}
					if i != manyTargets {
						t.Errorf("got %d targets, want %d", i, manyTargets)
					}
				})
			})
		}
	}
}

// smallBounds are bounds that are passed quickly.
var smallBounds = machine.Bounds{Collected: 1 << 20, Waiting: 1 << 19, Viewed: 1 << 20, Service: 1 << 21, Text: 96 << 20}

// crowded is a network in which 192.0.2.20 to 192.0.2.22 send for ever, or what there is
// in their place, and the others answer.
func crowded(t *testing.T, record func(b []byte, i int) []byte) *lab {
	l := newLab(t)
	l.bounds = smallBounds
	for i := range 10 {
		l.Portal(fmt.Sprintf("192.0.2.%d:3260", 10+i), twoTargets(), twoTargets())
	}
	for i := range 3 {
		l.Portal(fmt.Sprintf("192.0.2.%d:3260", 20+i), listOf(endless, record), listOf(endless, record))
	}
	return l
}

// A portal that sends for ever fails, when what is collected of it has reached the
// bound, and at once. What was read is in the document, and no other portal has any
// harm: neither those before it nor those behind it, nor while it waits itself.
func TestEndlessJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		parallel string
		portals  string
	}{
		{"alone", "1", "192.0.2.20"},
		{"first", "1", "192.0.2.20 192.0.2.10 192.0.2.11"},
		{"first, many at once", "64", "192.0.2.20 192.0.2.10 192.0.2.11"},
		{"in the middle", "64", "192.0.2.10 192.0.2.20 192.0.2.11"},
		{"last", "1", "192.0.2.10 192.0.2.11 192.0.2.20"},
		{"behind one that takes long", "64", "192.0.2.30 192.0.2.20 192.0.2.10 192.0.2.11"},
		{"several", "64", "192.0.2.30 192.0.2.20 192.0.2.10 192.0.2.21 192.0.2.11 192.0.2.22 192.0.2.12 192.0.2.13"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				l := crowded(t, ordinary)
				slow := twoTargets()
				slow.Respond = func(_, response pdu.PDU) iscsitest.Step {
					if _, ok := response.(*pdu.TextResponse); ok {
						time.Sleep(5 * time.Second)
					}
					return nil
				}
				l.Portal("192.0.2.30:3260", slow)
				portals := strings.Fields(tt.portals)
				r := l.discover(t.Context(), append([]string{"scan", "-o", "json", "--timeout", "1h", "--parallel", tt.parallel}, portals...)...)
				if want := exit.Partly; r.status != want && len(portals) > 1 || r.stderr != "" {
					t.Errorf("got exit status %d, want %d: %s", r.status, want, r.stderr)
				}
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("it took %v", took)
				}
				d := parseDocument(t, r.stdout)
				innocent := 0
				for i, result := range d.Results {
					if result.Portal != portals[i]+":3260" {
						t.Errorf("result %d is of %s, want %s", i, result.Portal, portals[i])
					}
					if !strings.HasPrefix(result.Portal, "192.0.2.2") {
						if result.Status != "ok" || len(result.Targets) != 2 {
							t.Errorf("%s: %s, %d targets: %s", result.Portal, result.Status, len(result.Targets), result.Error.Message)
						}
						continue
					}
					limit := "the target sent more than 1048576 bytes of targets, the most that can be collected in memory; use -o jsonl"
					least := smallBounds.Collected
					if portals[0] == "192.0.2.30" { // it waits
						limit = " bytes of targets, the most that one portal may take in memory; ask this portal alone, or use -o jsonl"
						least = smallBounds.Waiting / 32 // an eighth of the room is for lists of usual length
					}
					code := "ISDSC_INVALID_SENDTARGETS_TEXT"
					if result.CodeName == "ISDSC_OUT_OF_RESOURCES" && portals[0] == "192.0.2.30" {
						// Another one that waits has the room (issue 13, 40): this one took less than it may.
						code = result.CodeName
						limit = fmt.Sprintf("no memory for its targets: waiting results of other portals take too much of the %d bytes for all portals; ask this portal alone, or use -o jsonl", smallBounds.Waiting)
						innocent++
					}
					if result.Status != "error" || result.Error.Stage != "discover" || result.CodeName != code || !strings.HasSuffix(result.Error.Message, limit) {
						t.Errorf("%s: %s: %s: %s: %s", result.Portal, result.Status, result.CodeName, result.Error.Stage, result.Error.Message)
					}
					if got := int64(len(result.Targets)); got < least/70 || got > smallBounds.Collected/30 {
						t.Errorf("%s: %d targets", result.Portal, got)
					}
					for k, target := range result.Targets {
						if target.Name != ordinaryName(k) {
							t.Fatalf("%s: target %d is %v", result.Portal, k, target)
						}
					}
				}
				if len(d.Results) != len(portals) {
					t.Errorf("%d results, want %d", len(d.Results), len(portals))
				}
				if endless := strings.Count(strings.Join(portals, " ")+" ", "192.0.2.2"); endless == 1 && innocent > 0 {
					t.Error("the one portal that sends for ever is said to lack the room that others take")
				}
			})
		})
	}
}

// Whatever a portal sends for ever, it fails with what was read, for any output that
// collects.
func TestEndlessKinds(t *testing.T) {
	t.Parallel()
	address := func(b []byte, n int) []byte {
		return fmt.Appendf(b, "TargetAddress=10.%d.%d.%d\x00", n>>16&255, n>>8&255, n&255)
	}
	kinds := map[string]func(b []byte, i int) []byte{
		"names":   ordinary,
		"bare":    func(b []byte, i int) []byte { return fmt.Appendf(b, "TargetName=iqn.2026-11.a:%d\x00", i) },
		"aliases": func(b []byte, i int) []byte { return fmt.Appendf(ordinary(b, i), "TargetAlias=%d%0200d\x00", i, 0) },
		"addresses": func(b []byte, i int) []byte {
			b = ordinary(b, i)
			for k := range 1000 {
				b = address(b, i*1000+k)
			}
			return b
		},
		"repeated": func(b []byte, i int) []byte { return address(ordinary(b, i&1), i) },
		"capitals": func(b []byte, i int) []byte {
			return append(b, strings.ReplaceAll(string(ordinary(nil, i)), "storage", "STORAGE")...)
		},
	}
	for kind, record := range kinds {
		for _, args := range []string{"-o json", "-o table --initiator-port each", "-o iscsiadm --initiator-port each"} {
			t.Run(kind+" "+args, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l := crowded(t, record)
					l.bounds.Text = 8 << 20 // where there are few names to collect
					registry := filepath.Join(t.TempDir(), "none")
					r := l.discover(t.Context(), append(strings.Fields(args), "scan", "--timeout", "1h", "--registry", registry, "192.0.2.20", "192.0.2.10")...)
					if r.status != exit.Partly {
						t.Errorf("got exit status %d, want 3", r.status)
					}
					if all := r.stdout + r.stderr; !strings.Contains(all, "the target sent more than ") || !strings.Contains(all, "disk-two") {
						t.Errorf("got %.300s … %.1000s", all, all[max(0, len(all)-1000):])
					}
					if strings.HasPrefix(args, "-o json") {
						d := parseDocument(t, r.stdout)
						if len(d.Results) != 2 || len(d.Results[0].Targets) == 0 || len(d.Results[1].Targets) != 2 {
							t.Errorf("%d results, of %d and %d targets", len(d.Results), len(d.Results[0].Targets), len(d.Results[1].Targets))
						}
					}
				})
			})
		}
	}
}

// What is shown as it is read has a bound on the text, so that it is shown soon.
func TestEndlessTable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := crowded(t, ordinary)
		l.bounds.Text = 1 << 20
		r := l.discover(t.Context(), "scan", "--timeout", "1h", "192.0.2.20", "192.0.2.10")
		const limit = "discover: discovery at 192.0.2.20:3260 from 192.0.2.254: the target sent more than 1048576 bytes of text; raise the limit if you trust the portal with it (--max-text)\n"
		if r.status != exit.Partly || r.stderr != limit || !strings.Contains(r.stdout, " targets, then it failed\n") || !strings.HasSuffix(r.stdout, "disk-two  192.0.2.10:3260\n") {
			t.Errorf("got exit status %d, %.300s … %s", r.status, r.stdout, r.stderr)
		}
		l = newLab(t)
		l.bounds.Text = 1 << 20
		l.Portal("192.0.2.20:3260", listOf(20_000, ordinary))
		if r := l.discover(t.Context(), "scan", "--max-text", "1G", "192.0.2.20"); r.status == exit.OK {
			t.Error("1G is a number")
		}
		if r := l.discover(t.Context(), "scan", "--max-text", "1000000000", "192.0.2.20"); r.status != exit.OK || !strings.HasSuffix(r.stdout, ": 20000 targets\n") {
			t.Errorf("--max-text does not raise the bound: got exit status %d, %.300s … %s", r.status, r.stdout, r.stderr)
		}
	})
}

// So it is with the verbs of the registry, whose results are collected by the library.
func TestEndlessService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := crowded(t, ordinary)
		registry := filepath.Join(t.TempDir(), "registry.db")
		const limit = "bytes of targets, the most that one portal may take in memory"
		for _, portal := range []string{"192.0.2.10", "192.0.2.20", "192.0.2.11"} {
			r := l.discover(t.Context(), "portal", "add", "-o", "json", "--timeout", "1h", "--registry", registry, portal)
			if portal != "192.0.2.20" {
				if r.status != exit.OK {
					t.Fatalf("%s: got exit status %d: %s", portal, r.status, r.stderr)
				}
				continue
			}
			d := parseDocument(t, r.stdout)
			if r.status != exit.Failed || !strings.Contains(d.Results[0].Error.Message, limit) || len(d.Results[0].Targets) < 5000 {
				t.Errorf("got exit status %d, %d targets, %s", r.status, len(d.Results[0].Targets), d.Results[0].Error.Message)
			}
		}
		l.Portal("192.0.2.10:3260", twoTargets(), twoTargets(), twoTargets())
		l.Portal("192.0.2.11:3260", twoTargets(), twoTargets(), twoTargets())
		l.Portal("192.0.2.20:3260", listOf(endless, ordinary), listOf(endless, ordinary), listOf(endless, ordinary))
		for _, args := range []string{"portal refresh", "portal refresh 192.0.2.10 192.0.2.20 192.0.2.11"} {
			r := l.discover(t.Context(), append(strings.Fields(args), "-o", "json", "--timeout", "1h", "--registry", registry)...)
			d := parseDocument(t, r.stdout)
			if r.status != exit.Partly || len(d.Results) != 3 {
				t.Fatalf("%s: got exit status %d, %d results: %s", args, r.status, len(d.Results), r.stderr)
			}
			for _, result := range d.Results {
				if result.Portal != "192.0.2.20:3260" {
					if result.Status != "ok" || len(result.Targets) != 2 {
						t.Errorf("%s: %s: %d targets, %s", args, result.Portal, len(result.Targets), result.Error.Message)
					}
				} else if !strings.Contains(result.Error.Message, limit) || len(result.Targets) < 5000 {
					t.Errorf("%s: %d targets, %s", args, len(result.Targets), result.Error.Message)
				}
			}
		}
		r := l.discover(t.Context(), "target", "list", "--refresh", "-o", "json", "--timeout", "1h", "--registry", registry)
		d := parseDocument(t, r.stdout)
		if r.status != exit.Partly || len(d.Targets) != 2 || len(d.Results) != 1 || len(d.Results[0].Targets) < 3000 {
			t.Fatalf("target list: got exit status %d, %d targets, %d results: %.1000s", r.status, len(d.Targets), len(d.Results), r.stdout)
		}
		if w := d.Results[0].Warnings; len(w) != 1 || w[0].Code != "more-warnings" || !strings.Contains(w[0].Message, "more targets were read") {
			t.Errorf("target list: warnings %v", w)
		}
		r = l.discover(t.Context(), "target", "list", "-o", "jsonl", "--refresh", "--timeout", "1h", "--registry", registry)
		lines := strings.Split(strings.TrimSuffix(r.stdout, "\n"), "\n")
		if last := lines[len(lines)-1]; len(lines) != 3 || !strings.HasPrefix(last, `{"type":"portal","portal":"192.0.2.20:3260",`) || !json.Valid([]byte(last)) {
			t.Errorf("target list: %d lines, the last is %.300s", len(lines), lines[len(lines)-1])
		}
	})
}
