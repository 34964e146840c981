package sweep

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
)

// TestDoubtOfConnections: an address that has taken the connection and says nothing yet is
// no wrong block; a portal beside the block that has is none of it.
func TestDoubtOfConnections(t *testing.T) {
	t.Parallel()
	silent := failed(initiator.StageConnect, &initiator.TimeoutError{})
	for _, tt := range []struct {
		name      string
		connected int64                     // of all portals
		results   map[int]*initiator.Result // by index; 0 is beside the block
		want      int
		asked     int
	}{
		{"nothing", 0, map[int]*initiator.Result{1: silent}, 1, 255},
		{"little was asked yet", 0, map[int]*initiator.Result{1: silent}, 0, 31},
		{"one is logging in", 1, map[int]*initiator.Result{1: silent}, 0, 255},
		{"the one beside it answered", 1, map[int]*initiator.Result{0: {}}, 1, 255},
		{"both", 2, map[int]*initiator.Result{0: {}}, 0, 255},
		{"this host has no files", 0, map[int]*initiator.Result{1: failed(initiator.StageConnect, dialFailed(syscall.EMFILE))}, 0, 255},
		{"IPsec", 0, map[int]*initiator.Result{1: failed(initiator.StageSecure, &initiator.TimeoutError{})}, 0, 255},
	} {
		p, err := parse([]string{"host", "10.0.0.0/24"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		stages := new(initiator.Stages)
		stages.Connected.Store(tt.connected)
		d := NewDoubt(p, nil, stages, func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
		for range tt.asked {
			d.Begin()
		}
		for index, r := range tt.results {
			d.result(index, r)
		}
		d.check("", "")
		d.check("", "") // and not again
		if len(said) != tt.want {
			t.Errorf("%s: said %q", tt.name, said)
		}
	}
}
