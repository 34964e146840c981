//go:build unix

package machine

import "testing"

func TestOpenFiles(t *testing.T) {
	t.Parallel()
	if got := openFiles(); got < 16 {
		t.Errorf("%d files may be open, and this test has some open", got)
	}
}
