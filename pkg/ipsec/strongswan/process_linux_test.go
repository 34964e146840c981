package strongswan

import (
	"os"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// parent returns the process that started the tests, as an owner.
func parent(t *testing.T) owner {
	t.Helper()
	start, _ := startOf(os.Getppid())
	o := ownerNow()
	o.process = process{namespace: pidNamespace(), pid: os.Getppid(), start: start}
	if o.state() != ownerAlive {
		need.Missing(t, "what /proc tells of processes", "mount it without hidepid")
	}
	return o
}
