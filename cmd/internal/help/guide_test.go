package help

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/cmd/internal/column"
	"github.com/go-iscsi/discovery/internal/need"
)

const guidePage = `# Ports of the host

A paragraph with ` + "`--source IP`" + `, a link to [CHAP](chap.md), one to [discover scan](scan), one to [the top](#top), one to [the project](https://example.com/x) and
again to [it](https://example.com/x), and a \backslash.

## What is *seen*

* one item, which is long enough to need a second line of a terminal, as it is said here
* two:

      $ discover scan 192.0.2.10
      PORTAL …

1. first

.dot begins this line.

| status | what |
| --- | --- |
| 0 | fine |
| 24 | the target refused the name or the secret, or does not let us in, and says which |

| command | here | there |
| --- | --- | --- |
| ` + "`-m discoverydb -t st -p PORTAL -o update -n KEY -v VALUE --and-more`" + ` | changes the record | ` + "`discover portal set PORTAL --a-flag-with-a-very-long-name-indeed`" + ` |

| | |
| --- | --- |
| a | b |
`

// testGuide is a guide with all that one may have.
func testGuide() *Guide {
	g := NewGuide("discover-ports", guidePage)
	g.SeeAlso = []string{"discover(1)", "discover-scan(1)"}
	g.Link = func(url string) Link {
		switch {
		case url == "chap.md":
			return Link{Path: "discover-chap(7)", Man: "discover-chap(7)", Command: "discover help guide chap"}
		case url == "scan":
			return Link{Path: "discover scan", Man: "discover-scan(1)", Command: "discover help scan"}
		case strings.HasPrefix(url, "#"):
			return Link{}
		}
		return Link{URL: url}
	}
	return g
}

// TestGuideLong: a guide for a terminal, with tables in columns where there is room.
func TestGuideLong(t *testing.T) {
	t.Parallel()
	want := "Ports of the host\n=================\n" + `
A paragraph with ` + "`--source IP`" + `, a link to CHAP (` + "`discover help guide chap`" + `), one
to discover scan, one to the top, one to the project [1] and again to it [1],
and a \backslash.

What is seen
------------

* one item, which is long enough to need a second line of a terminal, as it is
  said here
* two:

    $ discover scan 192.0.2.10
    PORTAL …

1. first

.dot begins this line.

status  what
------  ------------------------------------------------------------------------
0       fine
24      the target refused the name or the secret, or does not let us in, and
        says which

` + "`-m discoverydb -t st -p PORTAL -o update -n KEY -v VALUE --and-more`" + `
    here: changes the record
    there: ` + "`discover portal set PORTAL --a-flag-with-a-very-long-name-indeed`" + `

a  b

Links
-----

[1] https://example.com/x
`
	got := testGuide().Long()
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for line := range strings.Lines(got) {
		if column.Width(strings.TrimSuffix(line, "\n")) > column.LineLength {
			t.Errorf("got a line of more than %d columns: %s", column.LineLength, line)
		}
	}
}

// TestGuideRoff: groff formats a guide without a warning, for a terminal of 80 columns; what
// a user copies out of it is what was written.
func TestGuideRoff(t *testing.T) {
	t.Parallel()
	page := testGuide().Roff(Build{Version: "v1.2.3", Time: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)})
	for _, want := range []string{
		".TH \"DISCOVER\\-PORTS\" \"7\" \"2026\\-11\\-30\" \"discover v1.2.3\" \"discover\"\n.fchar \\[u2026] ...\n.nh\n",
		"discover\\-ports \\- Ports of the host\n.SH \"DESCRIPTION\"\n",
		"\\fB\\-\\-source IP\\fR, a link to CHAP (\\fBdiscover\\-chap\\fR(7)), one to \\fBdiscover\\-scan\\fR(1),",
		"\n\\&.dot begins",
		".EX\n$ discover scan 192.0.2.10\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("got\n%s\nwant %q in it", page, want)
		}
	}
	for _, device := range []string{"utf8", "ascii"} {
		cmd := exec.Command(need.Program(t, "groff"), "-ww", "-man", "-T"+device, "-P-c", "-rLL=78n")
		cmd.Stdin = strings.NewReader(page)
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil || stderr.Len() > 0 {
			t.Fatalf("%s: got %v, %s", device, err, stderr.String())
		}
		plain := overstruck(stdout.String())
		for _, want := range []string{
			"       status  what\n       0       fine\n", "               in, and says which\n",
			"              here: changes the record\n              there: discover portal set PORTAL\n",
			"             $ discover scan 192.0.2.10\n", "       a  b\n", "       [1]  https://example.com/x\n", "and a \\backslash.\n",
			"SEE ALSO\n       discover(1), discover-scan(1)\n",
		} {
			if !strings.Contains(plain, want) {
				t.Errorf("%s: got\n%s\nwant %q in it", device, plain, want)
			}
		}
	}
}
