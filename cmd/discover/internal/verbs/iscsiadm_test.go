package verbs

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
)

// TestFlagsBeforeISCSIADM: flags of each verb stand before the word, and those behind it are
// the tool's own; a format that the tool does not have is refused.
func TestFlagsBeforeISCSIADM(t *testing.T) {
	t.Parallel()
	registry := filepath.Join(t.TempDir(), "registry.db")
	for _, tt := range []struct {
		line   string
		status int
		stderr string // how it begins
	}{
		{"--registry " + registry + " iscsiadm -m node", 21, "iscsiadm: No records found"},
		{"iscsiadm -m node -o bogus", 7, "iscsiadm: can not recognize operation: 'bogus'"},
		{"iscsiadm -m node -T x -l", 27, "iscsiadm: -m node is not here"},
		{"-o json iscsiadm -m node", exit.Usage, "discover: discover iscsiadm prints what"},
		{"--bogus x iscsiadm -m node", exit.Usage, "discover: "},
	} {
		r := newLab(t).discover(t.Context(), strings.Fields(tt.line)...)
		if r.status != tt.status || r.stdout != "" || !strings.HasPrefix(r.stderr, tt.stderr) {
			t.Errorf("%s: got %+v, want exit status %d and %q", tt.line, r, tt.status, tt.stderr)
		}
	}
}
