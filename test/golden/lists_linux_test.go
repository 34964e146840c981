package golden

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listsFile has what the verbs that list print of the golden registry by key file.
const listsFile = "lists.txt"

// listings print what is stored and nothing else.
var listings = []string{
	"portal list", "portal list -o json",
	"target list", "target list -o json", "target list -o iscsiadm",
	"instance list", "instance list -o json", "initiator show", "initiator show -o json",
	"ipsec default", "ipsec default -o json", "ipsec policy list", "ipsec policy list -o json",
	"ipsec psk list", "ipsec psk list -o json", "ipsec tunnel list", "ipsec tunnel list -o json",
	"iscsicli ListTargets", "iscsicli TargetInfo iqn.2026-11.com.example:disk1",
}

// lists returns what a command prints of the registry by key file in dir.
func lists(t *testing.T, command, dir string) []byte {
	t.Helper()
	c := caller{command: command, registry: filepath.Join(dir, byKeyFile), dir: t.TempDir()}
	var b bytes.Buffer
	for _, line := range listings {
		fmt.Fprintf(&b, "$ discover %s\n%s", line, c.run(t, step{line: line}))
	}
	return b.Bytes()
}

// failureFields are what today's command prints more.
var failureFields = regexp.MustCompile(`,"failing_since":"[^"]*","failures":1`)

// versionFirst is where today's command has the version of a document of one object, which
// earlier ones had at its end.
var versionFirst = regexp.MustCompile(`\{"version":1,("default":\{[^}]*\})\}`)

// TestSameLists: of a registry that an earlier command made, today's command prints what
// the earlier one printed, and leaves the file as it is. What ac73c42 made was listed by
// 7623320: issue 13 changed lists.
func TestSameLists(t *testing.T) {
	for _, m := range all {
		t.Run(m.commit, func(t *testing.T) {
			want := readFile(t, filepath.Join(m.dir(), listsFile))
			dir := m.unpack(t)
			got := failureFields.ReplaceAll(lists(t, today, dir), nil)
			got = versionFirst.ReplaceAll(got, []byte(`{$1,"version":1}`))
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("lists (-want +got):\n%s", diff)
			}
			if !bytes.Equal(readFile(t, filepath.Join(dir, byKeyFile)), readFile(t, filepath.Join(m.dir(), byKeyFile))) {
				t.Error("the verbs that list have changed the registry")
			}
		})
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
