//go:build linux

package uml

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// PeersVariable names the folder into which .ci/peers has unpacked the IKE daemons that
// conflict with strongSwan's packages. A guest sees it under the same path.
const PeersVariable = "DISCOVER_TEST_PEERS"

// libraryPath is the beginning of that setting.
const libraryPath = "LD_LIBRARY_PATH="

// unpacked returns the path of a program in that folder, and the environment by which it
// finds its libraries. Where it is missing the test is skipped.
func unpacked(t testing.TB, program string) (path string, env []string) {
	t.Helper()
	const remedy = ".ci/peers FOLDER, and " + PeersVariable + "=FOLDER"
	folder := os.Getenv(PeersVariable)
	if folder == "" {
		need.Missing(t, "the folder of "+PeersVariable, remedy)
	}
	path = filepath.Join(folder, program)
	needFile(t, path, remedy)
	libraries, err := filepath.Glob(filepath.Join(folder, "usr/lib/*-linux-gnu"))
	if err != nil || len(libraries) != 1 {
		t.Fatalf("uml: libraries in %s: %v, %v", folder, libraries, err)
	}
	return path, []string{libraryPath + libraries[0]}
}
