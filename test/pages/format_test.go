package pages

import (
	"regexp"
	"strings"
	"testing"
)

// TestParse: blocks, marks and examples are found as docs/dev/examples.md says.
func TestParse(t *testing.T) {
	t.Parallel()
	page := strings.Join([]string{
		"# Title", "", "text `$ discover no`", "", "    $ discover a | jq . \\", "      -c", "    one", "", "    two", "    $ discover b", "",
		"<!-- not run: long -->", "<!-- fresh -->", "", "    $ discover c", "", "<!-- another comment -->", "```sh", "$ discoverd &", "  three", "```",
		"<!-- file: x -->", "    y", "", "    $ ls", "",
	}, "\n")
	got, err := parse(page)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		line, examples int
		runs           bool
		marks          string
		first          string // of its lines
	}{
		{5, 2, true, "", "$ discover a | jq . \\"}, {15, 1, true, "not run fresh", "$ discover c"}, {19, 1, true, "", "$ discoverd &"}, {23, 1, false, "file", "y"},
	}
	if len(got) != len(want) {
		t.Fatalf("got %d blocks, want %d", len(got), len(want))
	}
	for i, w := range want {
		var marks []string
		for _, m := range got[i].marks {
			marks = append(marks, m.name)
		}
		b := got[i]
		if b.line != w.line || len(b.examples) != w.examples || b.runs() != w.runs || strings.Join(marks, " ") != w.marks || b.text[0] != w.first {
			t.Errorf("block %d: got line %d, %d examples, runs %t, marks %q, text %q, want %+v", i, b.line, len(b.examples), b.runs(), marks, b.text, w)
		}
	}
	first := got[0].examples[0]
	if first.command != "discover a | jq . -c" || strings.Join(first.want, "|") != "one|two" {
		t.Errorf("got the command %q and %q", first.command, first.want)
	}
	for _, wrong := range []string{"<!-- fresh -->\ntext\n", "```\nopen\n"} {
		if _, err := parse(wrong); err == nil {
			t.Errorf("%q was accepted", wrong)
		}
	}
}

// TestMatch: a page that says something else than what was printed is found out.
func TestMatch(t *testing.T) {
	t.Parallel()
	const out, errs = "192.0.2.10:3260: 2 targets\n  disk1  a\n  disk2  b\n", "discover: warning: old\n"
	for _, tt := range []struct {
		name, page, out, errs string
		want                  bool
	}{
		{"all", "192.0.2.10:3260: 2 targets|  disk1  a|  disk2  b|discover: warning: old", out, errs, true},
		{"in between", "192.0.2.10:3260: 2 targets|discover: warning: old|  disk1      a|  disk2  b", out, errs, true},
		{"order", "192.0.2.10:3260: 2 targets|  disk2  b|  disk1  a|discover: warning: old", out, errs, false},
		{"number", "192.0.2.10:3260: 3 targets|  disk1  a|  disk2  b|discover: warning: old", out, errs, false},
		{"a line less", "192.0.2.10:3260: 2 targets|  disk1  a|discover: warning: old", out, errs, false},
		{"a line more", "192.0.2.10:3260: 2 targets|  disk1  a|  disk2  b|  disk3  c|discover: warning: old", out, errs, false},
		{"no error", "192.0.2.10:3260: 2 targets|  disk1  a|  disk2  b", out, errs, false},
		{"lines left out", "192.0.2.10:3260: 2 targets|  …|discover: warning: old", out, errs, true},
		{"lines left out, and a wrong one", "…|  disk3  c|…", out, errs, false},
		{"no lines left out", "…|192.0.2.10:3260: 2 targets|…|  disk1  a|  disk2  b|discover: warning: old|…", out, errs, true},
		{"text left out", "192.0.2.10:3260: … targets|  disk1  a|  disk2  b|discover: …", out, errs, true},
		{"text left out, another end", "192.0.2.10:3260: … target|  disk1  a|  disk2  b|discover: …", out, errs, false},
		{"nothing", "", "", "", true},
		{"nothing said", "", out, "", false},
		{"times", "added 2026-11-22T17:31:15Z, asked 5m ago", "added 2026-11-30T08:00:00.123Z, asked just now\n", "", true},
		{"JSON", `{"elapsed_ms":0.4,"phases_ms":{"resolve":0,"login":0.1},"targets_found":2}`, `{"elapsed_ms":17,"phases_ms":{"resolve":0,"login":2.25},"targets_found":2}` + "\n", "", true},
		{"JSON, a number", `{"elapsed_ms":0.4,"targets_found":2}`, `{"elapsed_ms":0.4,"targets_found":3}` + "\n", "", false},
		{"the portal's port", "192.0.2.10:3260", "192.0.2.10:3261\n", "", false},
		{"an ephemeral port", "192.0.2.2:40000", "192.0.2.2:54321\n", "", true},
		{"a status", "refused (0x0201)", "refused (0x0202)\n", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var page []string
			if tt.page != "" {
				page = strings.Split(tt.page, "|")
			}
			if m := match(page, tt.out, tt.errs); m.same() != tt.want {
				t.Errorf("got %t, want %t%s", !tt.want, tt.want, m.difference())
			}
		})
	}
}

// TestShowsError: a page that leaves out what a failed command said is found out.
func TestShowsError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		page []string
		want bool
	}{
		{[]string{"one", "discover: it failed; see above"}, true},
		{[]string{"one", "discover: it failed; …"}, true},
		{[]string{"one", "…"}, false},
		{[]string{"one"}, false},
		{nil, false},
	} {
		if got := match(tt.page, "one\n", "discover: it failed; see above\n").showsError(); got != tt.want {
			t.Errorf("%q: got %t, want %t", tt.page, got, tt.want)
		}
	}
}

// promptLine is what looks like a command that is run, wherever it stands.
var promptLine = regexp.MustCompile(`^[\s>*-]*\$ \S`)

// TestNothingOverlooked: each line of a page that begins with a prompt is an example, also
// one that is indented too far, or stands where Markdown sees no block.
func TestNothingOverlooked(t *testing.T) {
	t.Parallel()
	found := 0
	for _, path := range documents(t) {
		text := readFile(t, path)
		blocks, err := parse(text)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		known := make(map[int]bool)
		for _, b := range blocks {
			for _, e := range b.examples {
				known[e.line] = true
			}
		}
		for i, line := range strings.Split(text, "\n") {
			if !promptLine.MatchString(line) {
				continue
			}
			if found++; !known[i+1] {
				t.Errorf("%s:%d: %q is not run, because it does not begin a line of a block", path, i+1, line)
			}
		}
	}
	if found < 100 {
		t.Errorf("got %d commands, want 100 or more", found)
	}
}

// TestScreen: of what is written to a terminal, what stands there at the end counts.
func TestScreen(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ written, want string }{
		{"one\r\ntwo\r\n", "one\ntwo\n"},
		{"asking 1 of 2\r\x1b[Kdone\r\n", "done\n"},
		{"one\x1b[K\r\ntwo\x1b[K\r\n\r\x1b[2Athree\x1b[K\r\n\x1b[J", "three\n"},
		{"\x1b[1mbold\x1b[0m\r\n", "bold\n"},
		{"wide ●\r\n", "wide ●\n"},
		{"one\r\n\x1b[H\x1b[2Jtwo\r\n", "two\n"},
	} {
		if got := onScreen(tt.written); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.written, got, tt.want)
		}
	}
}
