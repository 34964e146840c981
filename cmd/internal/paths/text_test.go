package paths

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/cmd/internal/jsonitem"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/ports"
)

// golden compares a text with that of a file; with UPDATE=1 it writes the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (- want, + got):\n%s", name, diff)
	}
}

// matrixText writes a matrix.
func matrixText(t *testing.T, m *Matrix, columns int, ascii bool) string {
	t.Helper()
	var b strings.Builder
	if err := (&Text{W: &b, Columns: columns, ASCII: ascii}).Matrix(m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestMatrix: the matrix of two arrays in each form.
func TestMatrix(t *testing.T) {
	t.Parallel()
	m := twoArrays().known().Matrix()
	golden(t, "matrix.txt", matrixText(t, m, 0, false))
	golden(t, "matrix-80.txt", matrixText(t, m, 80, true))
	var b strings.Builder
	for r := range m.Rows {
		for c := range m.Columns {
			line, err := jsonitem.Marshal(m.JSON(r, c))
			if err != nil {
				t.Fatal(err)
			}
			b.Write(line)
		}
	}
	golden(t, "matrix.jsonl", b.String())
	svg := m.SVG()
	wellFormed(t, svg)
	golden(t, "matrix.svg", svg)
}

// picture returns the picture of a target of a plant.
func picture(p *plant, name string) *Picture { return p.known().Picture(p.targets[name]) }

// TestPicture: the paths to a target in each form.
func TestPicture(t *testing.T) {
	t.Parallel()
	p := twoArrays()
	p.targets["iqn.2010-06.com.example:array1.db3"].Alias = "data <&> \"base\""
	pic := picture(p, "iqn.2010-06.com.example:array1.db3")
	for _, ascii := range []bool{false, true} {
		var b strings.Builder
		if err := (&Text{W: &b, ASCII: ascii}).Picture(pic); err != nil {
			t.Fatal(err)
		}
		golden(t, fmt.Sprintf("picture-%v.txt", ascii), b.String())
	}
	var b strings.Builder
	for _, j := range pic.JSON() {
		line, err := jsonitem.Marshal(j)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(line)
	}
	golden(t, "picture.jsonl", b.String())
	svg := pic.SVG()
	wellFormed(t, svg)
	golden(t, "picture.svg", svg)
}

// TestMissing: a target that a portal shows no longer has a path that is not seen.
func TestMissing(t *testing.T) {
	t.Parallel()
	pic := picture(twoArrays(), "iqn.2026-11.com.example:lab7")
	want := []Link{{Port: 0, Portal: 0, Why: "no longer shown"}, {Port: 1, Portal: 0, Seen: true}}
	if diff := cmp.Diff(want, pic.Links); diff != "" {
		t.Error(diff)
	}
}

// TestStatic: addresses that an administrator has given are shown without a path.
func TestStatic(t *testing.T) {
	t.Parallel()
	p := &plant{}
	m := p.show(initiator.Key{}, "iqn.2026-11.com.example:static", "192.0.2.10:3260,1")
	m.Static = true
	pic := picture(p, "iqn.2026-11.com.example:static")
	if len(pic.Portals) != 1 || len(pic.Links) != 0 || !pic.Portals[0].Advertised || pic.Portals[0].Seen {
		t.Errorf("got %+v", pic)
	}
	wellFormed(t, pic.SVG())
}

// wellFormed reads a document as XML, and holds it to its promises: no script, and nothing
// that is outside of it.
func wellFormed(t *testing.T, svg string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in %.2000s", err, svg)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "svg", "title", "desc", "style", "rect", "text", "path":
		default:
			t.Errorf("there is an element %s", e.Name.Local)
		}
		for _, a := range e.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || strings.Contains(a.Value, "url(") {
				t.Errorf("%s has the attribute %s", e.Name.Local, a.Name.Local)
			}
		}
	}
}

// hostileNames are names and aliases that are more than text to a terminal or a browser.
var hostileNames = []string{
	"iqn.2026-11.com.example:</text><script>alert(1)</script>",
	"iqn.2026-11.com.example:\" onload=\"alert(1)",
	"iqn.2026-11.com.example:\x1b[2J\x07\x00\r\n\u202e]]>&amp;",
	"iqn.2026-11.com.example:\xff\xfe\ufffe磁盘",
}

// TestHostile: whatever a target is called, text stays text.
func TestHostile(t *testing.T) {
	t.Parallel()
	p := &plant{}
	p.port(0, "eth0\x1b[0m<b>", "192.0.2.2")
	all := make(map[string][]string)
	for _, name := range hostileNames {
		all[name] = []string{"192.0.2.10:3260,1"}
	}
	p.entry(ports.N(0), "192.0.2.10", "", "", all)
	p.entry(ports.N(0), "192.0.2.11", "", "login", nil)
	m := p.known().Matrix()
	wellFormed(t, m.SVG())
	isText(t, matrixText(t, m, 0, false))
	for _, name := range hostileNames {
		p.targets[name].Alias = name
		pic := picture(p, name)
		wellFormed(t, pic.SVG())
		isText(t, pic.SVG())
		var b strings.Builder
		if err := (&Text{W: &b}).Picture(pic); err != nil {
			t.Fatal(err)
		}
		isText(t, b.String())
		for _, j := range pic.JSON() {
			line, err := jsonitem.Marshal(j)
			if err != nil || !json.Valid(line) {
				t.Errorf("%v: %s", err, line)
			}
			isText(t, string(line))
		}
	}
}

// isText reports what a terminal would not show as a character.
func isText(t *testing.T, s string) {
	t.Helper()
	if at := strings.IndexFunc(s, func(r rune) bool { return r != '\n' && (r < ' ' || r == 0x7f || r == 0x202e) }); at >= 0 {
		t.Errorf("control at %d: %q", at, s[max(0, at-40):min(len(s), at+10)])
	}
}

// TestMany: five hundred paths in a terminal of 80 columns, and as a picture.
func TestMany(t *testing.T) {
	t.Parallel()
	p := &plant{routes: map[string][]string{"0.0.0.0/0": {"192.0.2.2", "192.0.2.3"}}}
	p.port(0, "eth0", "192.0.2.2")
	p.port(1, "eth1", "192.0.2.3")
	for i := range 250 {
		for number := range uint32(2) {
			failed := ""
			if i%7 == 0 {
				failed = "connect"
			}
			p.entry(ports.N(number), fmt.Sprintf("198.51.%d.%d", i/200, i%200+1), "", failed, names(fmt.Sprintf("iqn.2026-11.com.example:array%d.", i/4), 3))
		}
	}
	m := p.known().Matrix()
	text := matrixText(t, m, 80, false)
	for line := range strings.SplitSeq(text, "\n") {
		if column.Width(line) > 80 && !strings.Contains(line, "failed <at>") {
			t.Errorf("%d columns: %s", column.Width(line), line)
		}
	}
	if lines := strings.Count(text, "\n"); lines > 500 {
		t.Errorf("%d lines", lines)
	}
	wellFormed(t, m.SVG())
	if !strings.Contains(text, "and 52 more that failed") {
		t.Errorf("%s", text[len(text)-2000:])
	}
}

// TestSilentIsNotFailed: portals that did not answer are counted apart from those that failed.
func TestSilentIsNotFailed(t *testing.T) {
	t.Parallel()
	p := new(plant)
	p.port(0, "eth0", "198.51.100.2")
	p.entry(ports.N(0), "198.51.100.10", "198.51.100.2", "", names("iqn.2026-11.com.example:a", 1))
	p.entry(ports.N(0), "198.51.100.11", "198.51.100.2", "login", nil)
	p.entry(ports.N(0), "198.51.100.12", "198.51.100.2", "connect", nil)
	p.portals[2].Last.Silent = true
	m := p.known().Matrix()
	if got, want := m.Summary(), "1 of 3 paths up, 1 failed, 1 silent, 1 target"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var b strings.Builder
	if err := (&Text{W: &b}).Matrix(m); err != nil || !strings.Contains(b.String(), "✕ login") || !strings.Contains(b.String(), "✕ silent") {
		t.Errorf("got %v\n%s", err, b.String())
	}
}
