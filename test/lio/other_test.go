//go:build !linux

package lio

import (
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

func TestLIO(t *testing.T) { need.Linux(t) }
