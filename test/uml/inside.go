package uml

import (
	"os"

	"github.com/go-iscsi/discovery/test/uml/internal/control"
)

// Inside tells whether this program runs in a guest. A test program that does
// must not call netns.Isolate: the guest is world enough, and its network is not
// in the new one.
func Inside() bool { return os.Getenv(control.InsideEnv) != "" }
