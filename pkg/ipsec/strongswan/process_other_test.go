//go:build !linux

package strongswan

import (
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

// parent returns the process that started the tests, as an owner.
func parent(t *testing.T) owner {
	t.Helper()
	need.Linux(t)
	return owner{}
}
