package initiator_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// streams makes a target answer SendTargets with the parts of a text, from 0,
// until one of them is the last.
func streams(part func(i int) (text string, last bool)) *iscsitest.Target {
	i := -1
	return &iscsitest.Target{Respond: func(_, response pdu.PDU) iscsitest.Step {
		if _, ok := response.(*pdu.TextResponse); !ok {
			return nil
		}
		i++
		text, last := part(i)
		return iscsitest.Send(&pdu.TextResponse{Final: last, TTT: uint32(i), Data: pdu.Text(text)})
	}}
}

// numbered returns the text of n targets.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "TargetName=iqn.2026-11.com.example:disk%d\x00", i)
	}
	return b.String()
}

func exceeded(text string) scene.Outcome {
	return scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.InvalidSendTargetsText, Text: "the target sent more than " + text}
}

// TestLimits: more than is accepted is an error, never a short list; what was
// read before it is in the result all the same.
func TestLimits(t *testing.T) {
	t.Parallel()
	addresses := func(n int) string {
		text := "TargetName=iqn.2026-11.com.example:a\x00"
		for i := range n {
			text += fmt.Sprintf("TargetAddress=192.0.%d.%d,1\x00", i/256, i%256)
		}
		return text + "TargetName=iqn.2026-11.com.example:b\x00"
	}
	size := len(numbered(10))
	tests := []struct {
		name  string
		set   func(d *initiator.Discoverer)
		text  string
		found int
		want  scene.Outcome
	}{
		{name: "targets", set: func(d *initiator.Discoverer) { d.MaxTargets = 10 }, text: numbered(10), found: 10},
		{name: "one target more", set: func(d *initiator.Discoverer) { d.MaxTargets = 9 }, text: numbered(10), found: 9, want: exceeded("9 targets")},
		{name: "a name again is one more", set: func(d *initiator.Discoverer) { d.MaxTargets = 10 }, text: numbered(10) + numbered(1), found: 10, want: exceeded("10 targets")},
		{name: "text", set: func(d *initiator.Discoverer) { d.MaxText = int64(size) }, text: numbered(10), found: 10},
		{name: "one byte more", set: func(d *initiator.Discoverer) { d.MaxText = int64(size) - 1 }, text: numbered(10), want: exceeded(fmt.Sprint(size-1, " bytes of text"))},
		{name: "addresses", text: addresses(1024), found: 2},
		{name: "one address more", text: addresses(1025), want: exceeded("1024 addresses of one target")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				if tt.set != nil {
					tt.set(d)
				}
				r, _ := discover(t, d, scene.Portal(n, scene.Where, scene.Answers(tt.text)))
				if scene.Judge(t, r.Err, tt.want); len(r.Targets) != tt.found || r.TargetsFound != tt.found {
					t.Errorf("%d targets (%d found), want %d", len(r.Targets), r.TargetsFound, tt.found)
				}
				found := 0
				for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{scene.Portal(n, scene.Where, scene.Answers(tt.text))})) {
					switch e := e.(type) {
					case initiator.TargetFound:
						found++
					case initiator.PortalDone:
						scene.Judge(t, e.Result.Err, tt.want)
					}
				}
				if found != tt.found {
					t.Errorf("streamed: %d targets, want %d", found, tt.found)
				}
			})
		})
	}
}

// TestLimitCollected: where nothing else is said, 64 MiB of an answer are
// collected and no more; streams go on.
func TestLimitCollected(t *testing.T) {
	t.Parallel()
	part := strings.Repeat("X-a="+strings.Repeat("b", 8187)+"\x00", 32) // 256 KiB
	flood := func(n int) *iscsitest.Target {
		return streams(func(i int) (string, bool) { return part, i == n-1 })
	}
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		r, _ := discover(t, d, scene.Portal(n, scene.Where, flood(257)))
		scene.Judge(t, r.Err, exceeded("67108864 bytes of text"))
		for e := range d.Run(t.Context(), slices.Values([]initiator.SendTargetPortal{scene.Portal(n, scene.Where, flood(257))})) {
			scene.Judge(t, e.(initiator.PortalDone).Result.Err, unusableAnswer)
		}
	})
}

// TestLimitHeld: portals whose answers wait for an earlier one share a room. An
// eighth of it is for lists of usual length, and of the rest each leaves as much to the
// others as it takes. A portal that finds no more of it
// fails, with what was read; what is taken makes room. It is not to blame for what the
// others have (issue 13, 40): it is told so, and a later try may succeed.
func TestLimitHeld(t *testing.T) {
	t.Parallel()
	scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
		d.Parallel, d.MaxHeld = 2, 10_000
		silent := scene.Portal(n, "192.0.2.99:3260", iscsitest.Script{iscsitest.Silence()})
		var good []initiator.SendTargetPortal
		for i := range 8 { // of more than 2,000 bytes each, with what they cost
			good = append(good, scene.Portal(n, fmt.Sprintf("192.0.2.%d:3260", i+1), scene.Answers(numbered(10))))
		}
		full := 0
		for r := range d.DiscoverAll(t.Context(), slices.Values(append([]initiator.SendTargetPortal{silent}, good...))) {
			var memory *initiator.MemoryError
			switch {
			case r.Asked.Portal == silent.Portal:
				scene.Judge(t, r.Err, lost(initiator.StageLogin))
				continue
			case errors.As(r.Err, &memory):
				full++
				scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.OutOfResources, Retry: true, Text: "waiting results of other portals take too much of the 10000 bytes"})
				if limit := (*pdu.LimitError)(nil); errors.As(r.Err, &limit) || !strings.HasSuffix(r.Err.Error(), "; ask this portal again when the others are done") {
					t.Errorf("%v blames the portal, or does not say what to do", r.Err)
				}
			case r.Err != nil:
				t.Errorf("%s: %v", r.Asked.Portal, r.Err)
			}
			if len(r.Targets) != 10 || r.TargetsFound != 10 {
				t.Errorf("%s: %d targets", r.Asked.Portal, len(r.Targets))
			}
		}
		if full != 5 {
			t.Errorf("%d portals found no room, want 5 of 8", full)
		}
		d.Parallel = 1
		for r := range d.DiscoverAll(t.Context(), slices.Values(good)) {
			scene.Judge(t, r.Err, scene.Outcome{})
		}
	})
}

// endlessTargets makes a target send targets for ever.
func endlessTargets() *iscsitest.Target {
	sent := 0
	return streams(func(int) (string, bool) {
		var b strings.Builder
		for range 1000 {
			fmt.Fprintf(&b, "TargetName=iqn.2026-11.com.example:storage.disk%07d\x00TargetAddress=192.0.2.10:3260,1\x00", sent)
			sent++
		}
		return b.String(), false
	})
}

// TestLimitEndless: a portal that sends for ever fails once it has taken what it may of
// the memory, at once, with all that was read; it costs no other portal anything,
// whatever its place.
func TestLimitEndless(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 8} {
		for place := range 3 {
			t.Run(fmt.Sprintf("%d at once, place %d", parallel, place), func(t *testing.T) {
				t.Parallel()
				scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
					d.Parallel, d.MaxHeld = parallel, 4<<20
					var all []initiator.SendTargetPortal
					for i := range 3 {
						// The others answer when the endless one has taken what it may.
						handler := iscsitest.Handler(iscsitest.Script{iscsitest.Delay(time.Second), scene.Answers(numbered(100)).Handle})
						if i == place {
							handler = endlessTargets()
						}
						all = append(all, scene.Portal(n, fmt.Sprintf("192.0.2.%d:3260", i+1), handler))
					}
					i := 0
					for r := range d.DiscoverAll(t.Context(), slices.Values(all)) {
						if i != place {
							if scene.Judge(t, r.Err, scene.Outcome{}); len(r.Targets) != 100 {
								t.Errorf("portal %d: %d targets", i, len(r.Targets))
							}
							i++
							continue
						}
						i++
						scene.Judge(t, r.Err, scene.Outcome{Stage: initiator.StageDiscover, Code: isdsc.InvalidSendTargetsText, Text: "bytes of targets, the most that one portal may take in memory"})
						least := int(d.MaxHeld) / 140 // 43 bytes of a name, 56 of a Target, and some
						if parallel > 1 {
							least = least * 7 / 16 // half of what is not for lists of usual length
						}
						if got := len(r.Targets); got < least || got > int(d.MaxHeld)/90 || r.TargetsFound != got || r.Elapsed != 0 {
							t.Errorf("%d targets (%d found) in %v, want at least %d", got, r.TargetsFound, r.Elapsed, least)
						}
						if len(r.Warnings) > 0 {
							t.Errorf("warnings: %v", r.Warnings)
						}
						for k, target := range r.Targets {
							if want := fmt.Sprintf("iqn.2026-11.com.example:storage.disk%07d", k); target.Name != want || len(target.Addresses) != 1 {
								t.Fatalf("target %d is %v", k, target)
							}
						}
					}
				})
			})
		}
	}
}

// TestStop: the consumer of batches ends the discovery of one portal; others go on.
func TestStop(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 8} {
		t.Run(fmt.Sprintf("%d at once", parallel), func(t *testing.T) {
			t.Parallel()
			scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
				d.Parallel = parallel
				enough := errors.New("enough")
				var all []initiator.SendTargetPortal
				for i := range 5 {
					handler := iscsitest.Handler(scene.Answers(numbered(100)))
					if i%2 == 0 {
						handler = endlessTargets()
					}
					all = append(all, scene.Portal(n, fmt.Sprintf("192.0.2.%d:3260", i+1), handler))
				}
				found := make([]int, len(all))
				var over []*initiator.Batch // of portals that are done
				for b := range d.Batches(t.Context(), slices.Values(all)) {
					for _, late := range over {
						late.Stop(errors.New("too late"))
					}
					if found[b.Index] += b.Len(); b.Index%2 == 0 && b.Len() > 0 {
						b.Clone().Stop(enough)
					}
					if b.Result != nil {
						over = append(over, b.Clone())
					}
					r := b.Result
					switch {
					case r == nil:
					case b.Index%2 != 0:
						if scene.Judge(t, r.Err, scene.Outcome{}); found[b.Index] != 100 {
							t.Errorf("portal %d: %d targets", b.Index, found[b.Index])
						}
					default:
						var e *initiator.Error
						if !errors.As(r.Err, &e) || e.Stage != initiator.StageDiscover || !errors.Is(r.Err, enough) || e.Portal != r.Asked.Portal {
							t.Errorf("portal %d: %v", b.Index, r.Err)
						}
						if found[b.Index] == 0 || found[b.Index] > 100_000 {
							t.Errorf("portal %d: %d targets", b.Index, found[b.Index])
						}
					}
				}
				var none initiator.Batch
				none.Stop(enough)
			})
		})
	}
}
