package verbs

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/render"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// sparse is a network of 300 addresses, 10.0.0.0 to 10.0.1.43: each 10th answers, each
// 10th from 5 on hangs, the others refuse.
func sparse(t *testing.T) (l *lab, addresses []string) {
	l = newLab(t)
	for i := range 300 {
		address := fmt.Sprintf("10.0.%d.%d", i>>8, i&255)
		addresses = append(addresses, address)
		switch i % 10 {
		case 0:
			l.Portal(address+":3260", &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:" + address}}})
		case 5:
			l.Portal(address + ":3260")
		}
	}
	return l, addresses
}

// portalsOf returns the portals of the results of -o json or jsonl, and how many of them
// answered and were not begun.
func portalsOf(t *testing.T, format, stdout string) (portals []string, answered, notBegun int) {
	t.Helper()
	type result struct {
		Type, Portal, Status string
		Error                struct{ Stage string }
	}
	var all []result
	if format == render.FormatJSON {
		var d struct{ Results []result }
		if err := json.Unmarshal([]byte(stdout), &d); err != nil {
			t.Fatalf("no valid document: %v", err)
		}
		all = d.Results
	} else {
		for line := range strings.Lines(stdout) {
			var r result
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("no valid line: %v: %s", err, line)
			}
			if r.Type == "portal" {
				all = append(all, r)
			}
		}
	}
	for _, r := range all {
		portals = append(portals, strings.TrimSuffix(r.Portal, ":3260"))
		if r.Status == "ok" {
			answered++
		}
		if r.Error.Stage == "validate" {
			notBegun++
		}
	}
	return portals, answered, notBegun
}

// TestSpread: portals are asked far from each other, and results come as the portals were
// given, of a block and of a list.
func TestSpread(t *testing.T) {
	t.Parallel()
	for _, as := range []string{"block", "list"} {
		for _, format := range render.Formats {
			synctest.Test(t, func(t *testing.T) {
				l, addresses := sparse(t)
				args := []string{"scan", "-o", format, "--all", "--timeout", "2s", "--parallel", "8"}
				if as == "block" {
					args = append(args, "10.0.0.0-10.0.1.43")
				} else {
					args = append(args, addresses...)
				}
				r := l.discover(t.Context(), args...)
				if as == "block" && r.status != exit.OK || as == "list" && r.status != exit.Partly {
					t.Errorf("%s, -o %s: exit status %d", as, format, r.status)
				}
				var asked []string
				for _, d := range l.Dials() {
					asked = append(asked, d.Portal.Addr().String())
				}
				slices.Sort(asked)
				if sorted := slices.Sorted(slices.Values(addresses)); !slices.Equal(asked, sorted) {
					t.Errorf("%s, -o %s: asked %d addresses, want each once", as, format, len(asked))
				}
				switch format {
				case render.FormatJSON, render.FormatJSONL:
					got, answered, _ := portalsOf(t, format, r.stdout)
					if format == render.FormatJSONL {
						if slices.IsSorted(got) && slices.Equal(got, addresses) {
							t.Errorf("-o jsonl: the portals were asked in the given order")
						}
						slices.Sort(got)
						addresses = slices.Sorted(slices.Values(addresses))
					}
					if diff := cmp.Diff(addresses, got); diff != "" || answered != 30 {
						t.Errorf("%s, -o %s: %d answered; portals differ (- want, + got):\n%s", as, format, answered, diff)
					}
				default:
					var want, got []string
					for i := 0; i < 300; i += 10 {
						want = append(want, "iqn.2026-11.com.example:"+addresses[i])
					}
					for _, word := range strings.Fields(r.stdout) {
						if strings.HasPrefix(word, "iqn.") {
							got = append(got, word)
						}
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s, -o %s: targets differ (- want, + got):\n%s", as, format, diff)
					}
				}
			})
		}
	}
}

// TestSpreadCancelled: a run that is cancelled has each portal once, in the given order:
// with what came of it, or as not asked.
func TestSpreadCancelled(t *testing.T) {
	t.Parallel()
	for _, as := range []string{"block", "list"} {
		for _, format := range render.Formats {
			for _, after := range []time.Duration{0, time.Millisecond, 2500 * time.Millisecond, 6100 * time.Millisecond} {
				synctest.Test(t, func(t *testing.T) {
					l, addresses := sparse(t)
					args := []string{"scan", "-o", format, "--all", "--timeout", "2s", "--parallel", "3"}
					if as == "block" {
						args = append(args, "10.0.0.0-10.0.1.43")
					} else {
						args = append(args, addresses...)
					}
					ctx, cancel := context.WithTimeout(t.Context(), after)
					defer cancel()
					r := l.discover(ctx, args...)
					if r.status != exit.Partly && (r.status != exit.Failed || after > 0) {
						t.Errorf("%s, -o %s, after %v: exit status %d", as, format, after, r.status)
					}
					switch format {
					case render.FormatJSON, render.FormatJSONL:
						got, answered, notBegun := portalsOf(t, format, r.stdout)
						if format == render.FormatJSONL {
							slices.Sort(got)
							addresses = slices.Sorted(slices.Values(addresses))
						}
						if diff := cmp.Diff(addresses, got); diff != "" {
							t.Errorf("%s, -o %s, after %v: portals differ (- want, + got):\n%s", as, format, after, diff)
						}
						if asked := len(l.Dials()); after > 0 && (notBegun != 300-asked || answered == 0) { // what is cancelled at once may be begun without a dial
							t.Errorf("%s, -o %s, after %v: %d answered, %d not begun, and %d were asked", as, format, after, answered, notBegun, asked)
						}
					default:
						if after == 0 {
							break
						}
						said := fmt.Sprintf("discover: cancelled: %d portals were not asked\n", 300-len(l.Dials()))
						if !strings.Contains(r.stderr, said) {
							t.Errorf("%s, -o %s, after %v: got %s, want %s in it", as, format, after, r.stderr, said)
						}
						said = fmt.Sprintf("%d without a result when interrupted, %d not asked\n", strings.Count(r.stderr, ": cancelled\n"), 300-len(l.Dials()))
						if as == "block" && !strings.Contains(r.stderr, said) {
							t.Errorf("-o %s, after %v: got %.300s", format, after, r.stderr[max(0, len(r.stderr)-300):])
						}
					}
				})
			}
		}
	}
}

// TestSpreadHolds: portals that all answer with long lists find room while they wait: the
// spread gives way.
func TestSpreadHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		l.bounds = smallBounds
		args := []string{"scan", "-o", "json", "--parallel", "8"}
		for i := range 400 {
			target := new(iscsitest.Target)
			for k := range 40 {
				target.Records = append(target.Records, iscsitest.Record{Name: fmt.Sprintf("iqn.2026-11.com.example:storage.%d.%d", i, k)})
			}
			args = append(args, fmt.Sprintf("10.0.%d.%d", i>>8, i&255))
			l.Portal(args[len(args)-1]+":3260", target)
		}
		r := l.discover(t.Context(), args...)
		if failed := strings.Count(r.stdout, `"status":"error"`); r.status != exit.OK || failed > 0 {
			t.Errorf("exit status %d, %d portals failed", r.status, failed)
		}
	})
}
