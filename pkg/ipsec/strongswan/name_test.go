package strongswan

import (
	"testing"
	"time"

	"github.com/go-iscsi/discovery/internal/need"
)

// TestName: a name tells its owner, one of an earlier version as well, and nothing
// else passes for one.
func TestName(t *testing.T) {
	t.Parallel()
	us := ownerNow()
	old := owner{process: us.process}
	for _, o := range []owner{us, old} {
		if got, ok := ownerOf(o.name(7)); !ok || got != o {
			t.Errorf("got %+v, %v; want %+v", got, ok, o)
		}
	}
	const boot = "0123456789abcdef"
	for _, name := range []string{
		"", "host", prefix, prefix + "1-2-3", prefix + "1-2-3-4-5", prefix + "1-2-x-4", "x" + us.name(1), prefix + "1--2-3-4",
		prefix + "1-2-3-4-" + boot, prefix + "1-2-3-4-" + boot + "-x", prefix + "1-2-3-4-" + boot[1:] + "-5", prefix + "1-2-3-4-" + boot + "-5-6", prefix + "1-2-3-4-0123456789ABCDEF-5",
	} {
		if o, ok := ownerOf(name); ok {
			t.Errorf("%q is of %+v", name, o)
		}
	}
}

// TestOwner (issue 13, 37): what is known of an owner. The lease counts only where
// it cannot be seen whether the process lives.
func TestOwner(t *testing.T) {
	need.Linux(t)
	t.Parallel()
	us := ownerNow()
	_, uptime := bootTime()
	if us.boot == "" || us.expires != uptime+uint64(lease/time.Second) && us.expires != uptime+uint64(lease/time.Second)-1 {
		t.Errorf("the lease: got %+v at %d, want %s from now", us, uptime, lease)
	}
	for _, tt := range []struct {
		name   string
		change func(*owner)
		want   ownerState
	}{
		{name: "we", want: ownerAlive, change: func(*owner) {}},
		{name: "we, after the lease", want: ownerAlive, change: func(o *owner) { o.expires = 1 }},
		{name: "another process had our number", want: ownerGone, change: func(o *owner) { o.start++ }},
		{name: "no process has the number", want: ownerGone, change: func(o *owner) { o.pid = 1 << 30 }},
		{name: "in another container", want: ownerUnknown, change: func(o *owner) { o.namespace++ }},
		{name: "in another container, after the lease", want: ownerExpired, change: func(o *owner) { o.namespace++; o.expires = 1 }},
		{name: "of a namespace that is not known", want: ownerUnknown, change: func(o *owner) { o.namespace = 0 }},
		{name: "of a namespace that is not known, after the lease", want: ownerExpired, change: func(o *owner) { o.namespace = 0; o.expires = 1 }},
		{name: "of a start that is not known", want: ownerUnknown, change: func(o *owner) { o.start = 0 }},
		{name: "of a start that is not known, after the lease", want: ownerUnknown, change: func(o *owner) { o.start = 0; o.expires = 1 }},
		{name: "in another container, of a version without leases", want: ownerUnknown, change: func(o *owner) { o.namespace++; o.boot, o.expires = "", 0 }},
		{name: "in another container, by another clock", want: ownerUnknown, change: func(o *owner) { o.namespace++; o.boot, o.expires = "0123456789abcdef", 1 }},
	} {
		o := us
		tt.change(&o)
		if got := o.state(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}
