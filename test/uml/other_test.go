//go:build !linux

package uml

import (
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

func TestGuests(t *testing.T) { need.Linux(t) }
