package fleetmember

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet/host"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
)

// TestReportHostOnce: one state is said once, whichever requests find it; another one, or
// another key that is not permitted, is said as well.
func TestReportHostOnce(t *testing.T) {
	t.Parallel()
	e := func(what, key string, state etcd.State, reason string) error {
		return &etcd.Error{What: what, Key: key, State: state, Reason: reason}
	}
	for _, tt := range []struct {
		name string
		errs []error
		want int
	}{
		{"a certificate", []error{e("read", "config/", etcd.BadCertificate, "expired"), e("write", "host/H/info", etcd.BadCertificate, "expired")}, 1},
		{"wrapped", []error{e("read", "config/", etcd.Busy, "x"), fmt.Errorf("host: %w", e("write", "info", etcd.Busy, "x"))}, 1},
		{"another reason", []error{e("read", "config/", etcd.BadCertificate, "expired"), e("read", "config/", etcd.BadCertificate, "other names")}, 2},
		{"another state", []error{e("read", "config/", etcd.BadCertificate, "x"), e("read", "config/", etcd.Unauthenticated, "x")}, 2},
		{"other keys denied", []error{e("read", "config/", etcd.Denied, "x"), e("write", "host/H/info", etcd.Denied, "x")}, 2},
		{"a key denied twice", []error{e("read", "config/", etcd.Denied, "x"), e("list", "config/", etcd.Denied, "x")}, 1},
		{"a hang", []error{
			e("make a lease", "", etcd.Unreachable, etcd.NoAnswer), e("read", "config/", etcd.Unreachable, "http://a: "+etcd.NoAnswer),
			e("read", "config/", etcd.Unreachable, "http://a: "+etcd.NoAnswer+", http://b: "+etcd.NoAnswer),
		}, 1},
		{"a reason after a hang", []error{e("read", "", etcd.Unreachable, etcd.NoAnswer), e("read", "", etcd.Unreachable, "connection refused")}, 2},
		{"over, and again", []error{e("read", "", etcd.Busy, "x"), nil, e("read", "", etcd.Busy, "x")}, 2},
		{"no errors of etcd", []error{errors.New("one"), errors.New("one"), errors.New("two")}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := 0
			m := &Member{cfg: Config{Say: func(string, ...any) { got++ }, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}}
			for _, err := range tt.errs {
				m.reportHost(host.State{Err: err})
			}
			if got != tt.want {
				t.Errorf("got %d lines, want %d", got, tt.want)
			}
		})
	}
}
