//go:build !linux

// Package iscsiadm compares the command's iscsiadm with open-iscsi's, which is
// for Linux.
package iscsiadm

import (
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
)

func TestReal(t *testing.T) { need.Linux(t) }

func TestConformance(t *testing.T) { need.Linux(t) }

func TestParsers(t *testing.T) { need.Linux(t) }

func TestCallers(t *testing.T) { need.Linux(t) }
