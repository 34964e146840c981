package verbs

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// pathLab is a lab whose host asks one portal from two ports, and another, which is
// silent, from one.
func pathLab(t *testing.T) (*lab, func(...string) ran) {
	t.Helper()
	l := newLab(t)
	l.Portal("192.0.2.10:3260", twoTargets(), &iscsitest.Target{Records: twoTargets().Records[:1]})
	l.Portal("192.0.2.11:3260")
	discover := l.inRegistry(t)
	for _, args := range []string{"--source 192.0.2.254 192.0.2.10", "--source 192.0.2.253 192.0.2.10", "192.0.2.11 --timeout 10ms"} {
		discover(append([]string{"portal", "add"}, strings.Fields(args)...)...)
	}
	return l, discover
}

// TestPaths: the matrix of a registry, and the paths to a target of it; nothing is sent.
func TestPaths(t *testing.T) {
	t.Parallel()
	l, discover := pathLab(t)
	dials := len(l.Dials())
	r := discover("paths")
	for _, want := range []string{"host/0 eth0 192.0.2.254", "o 2 ", "f 1 of 2", "x silent", "192.0.2.11 from host/0: ", "1 silent, 1 with fewer targets, 2 targets\n"} {
		if r.status != exit.OK || !strings.Contains(r.stdout, want) || r.stderr != "" {
			t.Errorf("got %+v, want %q", r, want)
		}
	}
	l.env["LANG"] = "en_US.UTF-8"
	if r := discover("paths"); !strings.Contains(r.stdout, "▲ 1 of 2") {
		t.Errorf("got %s", r.stdout)
	}
	r = discover("paths", "IQN.2026-11.com.example:disk1")
	for _, want := range []string{"host/0 eth0 192.0.2.254  ── 192.0.2.10 ", "── group 1", "[2001:db8::10]", "no port reaches it"} {
		if r.status != exit.OK || !strings.Contains(r.stdout, want) {
			t.Errorf("got %+v, want %q", r, want)
		}
	}
	if n := len(l.Dials()); n != dials {
		t.Errorf("%d dials", n-dials)
	}
}

// TestPathsForPrograms: JSON, lines of it, and a picture.
func TestPathsForPrograms(t *testing.T) {
	t.Parallel()
	_, discover := pathLab(t)
	for _, args := range []string{"paths", "paths iqn.2026-11.com.example:disk1"} {
		r := discover(strings.Fields(args + " -o json")...)
		var document struct {
			Version int
			Paths   []struct {
				Portal string
				State  string
				Seen   bool
			}
		}
		if err := json.Unmarshal([]byte(r.stdout), &document); err != nil || document.Version != 1 || len(document.Paths) < 3 || r.status != exit.OK {
			t.Errorf("%s: %v: %+v", args, err, r)
		}
		if r = discover(strings.Fields(args + " -o jsonl")...); strings.Count(r.stdout, `{"type":"path",`) != len(document.Paths) {
			t.Errorf("%s: got %s", args, r.stdout)
		}
		for _, line := range []string{args + " -o svg", "-o svg " + args} {
			r = discover(strings.Fields(line)...)
			d := xml.NewDecoder(strings.NewReader(r.stdout))
			for {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%v in %s", err, r.stdout)
				}
			}
			if !strings.HasPrefix(r.stdout, "<svg ") || r.status != exit.OK {
				t.Errorf("%s: got %+v", line, r)
			}
		}
	}
}

// TestPathsOfNothing: an empty registry, and a target that is not there.
func TestPathsOfNothing(t *testing.T) {
	t.Parallel()
	discover := newLab(t).inRegistry(t)
	if r := discover("paths"); r.status != exit.OK || r.stdout != "" || !strings.Contains(r.stderr, "no portals in the registry") {
		t.Errorf("got %+v", r)
	}
	discover("paths", "-o", "json").want(t, exit.OK, `{"version":1,"paths":[]}`+"\n", "")
	if r := discover("paths", "iqn.2026-11.com.example:none"); r.status != exit.Failed || !strings.Contains(r.stderr, "iqn.2026-11.com.example:none") {
		t.Errorf("got %+v", r)
	}
	if r := discover("paths", "-o", "svg"); r.status != exit.OK || !strings.HasPrefix(r.stdout, "<svg ") {
		t.Errorf("got %+v", r)
	}
}

// TestPathsRefresh: all portals are asked first; one that is silent is exit status 3.
func TestPathsRefresh(t *testing.T) {
	t.Parallel()
	l, discover := pathLab(t)
	dials := len(l.Dials())
	r := discover("paths", "--refresh", "--timeout", "2s", "-o", "json") // long enough for a machine that is busy
	if r.status != exit.Partly || len(l.Dials()) == dials || !strings.Contains(r.stdout, `"results":[`) {
		t.Errorf("got %+v", r)
	}
}
