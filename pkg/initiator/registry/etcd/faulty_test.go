package etcd_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/go-iscsi/discovery/pkg/initiator/registry"
	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// A faulty is a member that hands on what it is asked for, and answers some transactions that
// were made with an error.
type faulty struct {
	pb.UnimplementedKVServer
	pb.UnimplementedLeaseServer
	kv    pb.KVClient
	lease pb.LeaseClient

	says chan func() error // what the next transactions that put a record are answered with
}

func (f *faulty) Range(ctx context.Context, r *pb.RangeRequest) (*pb.RangeResponse, error) {
	return f.kv.Range(ctx, r)
}

func (f *faulty) Put(ctx context.Context, r *pb.PutRequest) (*pb.PutResponse, error) {
	return f.kv.Put(ctx, r)
}

func (f *faulty) DeleteRange(ctx context.Context, r *pb.DeleteRangeRequest) (*pb.DeleteRangeResponse, error) {
	return f.kv.DeleteRange(ctx, r)
}

func (f *faulty) LeaseGrant(ctx context.Context, r *pb.LeaseGrantRequest) (*pb.LeaseGrantResponse, error) {
	return f.lease.LeaseGrant(ctx, r)
}

func (f *faulty) LeaseRevoke(ctx context.Context, r *pb.LeaseRevokeRequest) (*pb.LeaseRevokeResponse, error) {
	return f.lease.LeaseRevoke(ctx, r)
}

func (f *faulty) Txn(ctx context.Context, r *pb.TxnRequest) (*pb.TxnResponse, error) {
	commits := false
	for _, op := range r.Success {
		commits = commits || string(op.GetRequestPut().GetKey()) == "a/r/k" || string(op.GetRequestDeleteRange().GetKey()) == "a/r/k"
	}
	if commits {
		select {
		case say := <-f.says:
			if err := say(); err != nil {
				return nil, err
			}
			answer, err := f.kv.Txn(ctx, r)
			if err == nil && answer.Succeeded {
				err = (<-f.says)()
			}
			return answer, err
		default:
		}
	}
	return f.kv.Txn(ctx, r)
}

// newFaulty returns a store of prefix "a/" at a faulty member.
func newFaulty(t *testing.T, root *clientv3.Client) (*faulty, *etcd.Store) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{kv: pb.NewKVClient(root.ActiveConnection()), lease: pb.NewLeaseClient(root.ActiveConnection()), says: make(chan func() error, 8)}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(4 << 20))
	pb.RegisterKVServer(server, f)
	pb.RegisterLeaseServer(server, f)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return f, open(t, dial(t, etcd.Config{Endpoints: []string{l.Addr().String()}, DialTimeout: 20 * time.Second, RequestTimeout: time.Minute}), "a/")
}

// then has the next transactions of the record k answered so; nil: as they went. An error of
// one that is made is the second of two.
func (f *faulty) then(errs ...error) {
	for _, err := range errs {
		f.says <- func() error { return err }
	}
}

// TestOutcome: what a member says of a transaction that it made does not have it undone, or
// taken for another's.
func TestOutcome(t *testing.T) {
	t.Parallel()
	server := etcdtest.Start(t, etcdtest.Options{Kind: etcdtest.Built})
	root := server.Client(t)
	other := open(t, root, "a/")
	f, s := newFaulty(t, root)
	lost := status.Error(codes.Unavailable, "transport is closing")
	late := status.Error(codes.Unknown, context.DeadlineExceeded.Error()) // of a member of 3.4
	odd := status.Error(codes.Internal, "something else")
	large := value('l', etcd.InlineMax+1)
	for _, tt := range []struct {
		name      string
		value     []byte
		says      []error
		meanwhile func()
		uncertain bool
	}{
		{"lost, then refused: no space", []byte("ours"), []error{nil, lost, rpctypes.ErrGRPCNoSpace}, nil, true},
		{"in parts, lost, then refused: no space", large, []error{nil, lost, rpctypes.ErrGRPCNoSpace}, nil, true},
		{"in parts, and an answer that says nothing", large, []error{nil, odd}, nil, true},
		{"late", []byte("ours"), []error{nil, late}, nil, false},
	} {
		apply(t, other, set("k", []byte("before")))
		before, err := s.Get(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		f.then(tt.says...)
		err = s.Apply(t.Context(), registry.Change{Key: "k", Version: before.Version, Value: tt.value})
		var e *etcd.Error
		if uncertain := errors.As(err, &e) && e.Uncertain; uncertain != tt.uncertain || !tt.uncertain && err != nil {
			t.Errorf("%s: got %v, want uncertain %v", tt.name, err, tt.uncertain)
		}
		wantValue(t, other, "k", tt.value)
	}

	// Deleted, and made anew by another, before the answer that was lost is asked for again.
	apply(t, other, set("k", []byte("before")))
	before, err := s.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	f.says <- func() error { return nil }
	f.says <- func() error { apply(t, other, set("k", []byte("new"))); return lost }
	err = s.Apply(t.Context(), registry.Change{Key: "k", Version: before.Version, Delete: true})
	if e := (*etcd.Error)(nil); !errors.As(err, &e) || !e.Uncertain {
		t.Errorf("deleted, and made anew: got %v, want that it is not known", err)
	}

	// Not made, and the record is still the one that it was.
	apply(t, other, set("k", []byte("newer")))
	now, err := s.Get(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	f.says <- func() error { apply(t, other, set("k", []byte("newest"))); return lost }
	wantConflict(t, s.Apply(t.Context(), registry.Change{Key: "k", Version: now.Version, Delete: true}))
}
