package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/change"
	"github.com/go-iscsi/discovery/pkg/initiator/isdsc"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
	"github.com/go-iscsi/discovery/pkg/initiator/target"
	"github.com/go-iscsi/discovery/pkg/initiator/watch"
)

// sample returns an event of a type with each field set.
func sample(t watch.Type, seq uint64) watch.Event {
	portal := initiator.Portal{Address: "192.0.2.10", Port: 3260, SymbolicName: "array 1"}
	e := watch.Event{
		Seq: seq, Time: time.Date(2026, 11, 28, 19, 15, 40, 850e6, time.UTC), Type: t,
		Key: initiator.Key{Portal: portal}, SymbolicName: "array 1", Source: netip.MustParseAddr("192.0.2.2"),
		InitiatorPort: ports.Port{Instance: "host", Number: ports.N(0), Address: netip.MustParseAddr("192.0.2.2")},
		Change: change.Change{
			Target: "iqn.2026-11.com.example:new9",
			Is:     []target.Address{{Host: "192.0.2.10", Port: 3260, Group: 1}, {Host: "2001:db8::10", Port: 3260, Group: target.NoGroup}},
			Was:    []target.Address{{Host: "192.0.2.10", Port: 3260, Group: 2}}, AliasIs: "new", AliasWas: "old",
		},
		Targets: 16, After: 118 * time.Second, Code: isdsc.ConnectionFailed, WasCode: isdsc.LoginFailed,
		Err: &initiator.Error{Stage: initiator.StageConnect, Portal: portal, Err: errors.New("refused")},
		Is:  "chap sha256 mutual", Was: "none",
	}
	switch t {
	case watch.TargetAppeared:
		e.Change.Was, e.Change.AliasWas = nil, ""
	case watch.TargetVanished:
		e.Change.Is, e.Change.AliasIs = nil, ""
	case watch.SourceFailed, watch.SourceRecovered:
		e.Key, e.Source, e.InitiatorPort = initiator.Key{}, netip.Addr{}, ports.Port{}
	}
	return e
}

// TestGolden: each type as JSON and as a line.
func TestGolden(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	for i, of := range Types {
		e := sample(of, uint64(i+1))
		line, err := JSON(&e)
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString(Line(&e))
		got.Write(line)
		if of == watch.Snapshot {
			e.Up, e.InitiatorPort = true, ports.Port{}
			line, _ = JSON(&e)
			got.WriteString(Line(&e))
			got.Write(line)
		}
	}
	const file = "testdata/events.txt"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("- want, + got:\n%s", diff)
	}
}

// isLine fails where an event is not one line of what can be seen.
func isLine(t *testing.T, line string) {
	t.Helper()
	body, ended := strings.CutSuffix(line, "\n")
	if !ended || strings.IndexFunc(body, func(r rune) bool { return !unicode.IsPrint(r) && r != '\ufffd' }) >= 0 {
		t.Errorf("not one line that can be seen: %q", line)
	}
}

// TestHostile: whatever a target sends, an event is one line, and valid JSON.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"\x1b[2J", "a\nb", "a\r\n{\"schema\":1}", "\u202e\u2028", "\xff\x00", `"}`, "\\"} {
		check(t, text, text, text)
	}
}

// check shows events of each type with texts from elsewhere.
func check(t *testing.T, name, alias, message string) {
	t.Helper()
	for i, of := range Types {
		e := sample(of, uint64(i))
		e.SymbolicName, e.Change.Target, e.Change.AliasIs, e.Change.AliasWas = alias, name, alias, ""
		e.Change.Is = []target.Address{{Host: name, Port: 1}}
		e.Err, e.Is, e.Was, e.InitiatorPort.Instance = errors.New(message), message, name, alias
		e.Key.Portal.Address = name
		isLine(t, Line(&e))
		line, err := JSON(&e)
		if err != nil || !json.Valid(line) {
			t.Errorf("%v: %s", err, line)
		}
		isLine(t, string(line))
	}
}

// FuzzEvents: an event is one line, and valid JSON.
func FuzzEvents(f *testing.F) {
	f.Add("iqn.2026-11.com.example:a", "alias", "message")
	f.Add("\x1b[2J", "\u202e", "\n")
	f.Fuzz(check)
}

// TestNumbers: where the targets are more than can be remembered their numbers are told.
func TestNumbers(t *testing.T) {
	t.Parallel()
	e := sample(watch.TargetChanged, 1)
	e.Change, e.Is, e.Was = change.Change{Kind: change.Changed}, "5 targets", "4 targets"
	line, err := JSON(&e)
	if err != nil || !strings.Contains(string(line), `"is":["5 targets"],"was":["4 targets"]`) {
		t.Errorf("%v: got %s", err, line)
	}
	if line := Line(&e); !strings.HasSuffix(line, ": the list of targets changed: 5 targets, was 4 targets\n") {
		t.Errorf("got %s", line)
	}
}
