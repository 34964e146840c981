package flags

import (
	"slices"
	"testing"

	"github.com/spf13/cobra"
)

// TestVerbsOf: the verbs that errors name and that typing errors are compared with are those
// that help shows, without hidden ones.
func TestVerbsOf(t *testing.T) {
	t.Parallel()
	root := &cobra.Command{Use: "discover"}
	root.AddCommand(&cobra.Command{Use: "portal"}, &cobra.Command{Use: "__manuals", Hidden: true}, &cobra.Command{Use: "scan [PREFIX]"})
	if got, want := VerbsOf(root), []string{"portal", "scan"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := VerbsOf(&cobra.Command{Use: "scan"}); len(got) > 0 {
		t.Errorf("got %q below a verb that has none", got)
	}
}
