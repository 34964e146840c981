package scene

import (
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// Showing is a target at addresses.
func Showing(addresses ...string) *iscsitest.Target {
	return &iscsitest.Target{Records: []iscsitest.Record{{Name: "iqn.2026-11.com.example:disk1", Addresses: addresses}}}
}

// Warnings returns the messages of a code.
func Warnings(r *initiator.Result, code initiator.WarningCode) string {
	var all []string
	for _, w := range r.Warnings {
		if w.Code == code {
			all = append(all, w.Message)
		}
	}
	return strings.Join(all, "\n")
}

// WantWarnings compares the messages of a code.
func WantWarnings(t *testing.T, r *initiator.Result, code initiator.WarningCode, want ...string) {
	t.Helper()
	if got := Warnings(r, code); got != strings.Join(want, "\n") {
		t.Errorf("%s: got\n%s\nwant\n%s", code, got, strings.Join(want, "\n"))
	}
}
