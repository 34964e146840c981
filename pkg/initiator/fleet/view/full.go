package view

import (
	"context"
	"strings"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// look finds out whether etcd takes writes, by the alarms that the member has to which the
// client is connected: a host cannot write that it cannot write, and its lease is kept alive
// all the same. It costs a member no more than a read. What cannot be found out stays as it
// was.
func (r *Reader) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, err := pb.NewMaintenanceClient(r.client.ActiveConnection()).Status(ctx, new(pb.StatusRequest))
	if err != nil {
		return
	}
	full := false
	for _, alarm := range status.Errors {
		full = full || strings.Contains(alarm, pb.AlarmType_NOSPACE.String())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.full = full
}
