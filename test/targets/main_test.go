package targets_test

import (
	"os"
	"testing"

	"github.com/go-iscsi/discovery/test/netns"
)

func TestMain(m *testing.M) {
	netns.Isolate()
	os.Exit(m.Run())
}
