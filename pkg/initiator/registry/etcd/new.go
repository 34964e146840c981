package etcd

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
)

// New returns a client that connects when it is first used: it is [Dial] for programs that
// go on while etcd is away. That the user or the password is wrong is told by requests. Its
// [*Error] is of a Config that cannot be used. Close it.
func New(cfg Config) (*clientv3.Client, error) {
	urls, err := cfg.urls()
	if err != nil {
		return nil, err
	}
	l := &link{urls: urls, requestTimeout: cmp.Or(cfg.RequestTimeout, DefaultRequestTimeout), failures: make(map[string]error)}
	life := context.WithValue(context.Background(), linkKey{}, l)
	whole, token := cfg.client(l, life, cmp.Or(cfg.DialTimeout, DefaultDialTimeout)), new(firstToken)
	if cfg.User != "" {
		whole.DialOptions = append(whole.DialOptions, grpc.WithChainUnaryInterceptor(token.intercept))
	}
	client, err := clientv3.New(whole)
	token.made.Store(true)
	if err != nil {
		return nil, l.dialError(life, err)
	}
	return client, nil
}

// A firstToken has a client of etcd that has a user ask for its token when it is first used:
// by itself it does so while it is made, for which it would wait for etcd.
type firstToken struct {
	made atomic.Bool // the client is there
	got  atomic.Bool // it has a token, or etcd has no users
}

// intercept stands between the client's own interceptor and etcd. Without a token it refuses
// requests as etcd does those without a user; the client then asks for the token and sends
// them again. etcd itself might take them for those of the user whom our certificate names.
func (f *firstToken) intercept(ctx context.Context, method string, request, answer any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	switch authenticates := method == pb.Auth_Authenticate_FullMethodName; {
	case authenticates && !f.made.Load():
		return rpctypes.ErrGRPCAuthNotEnabled // the client goes on without a token
	case authenticates:
		err := invoke(ctx, method, request, answer, conn, options...)
		if err == nil || errors.Is(rpctypes.Error(err), rpctypes.ErrAuthNotEnabled) {
			f.got.Store(true)
		}
		return err
	case !f.got.Load():
		return rpctypes.ErrGRPCUserEmpty
	}
	return invoke(ctx, method, request, answer, conn, options...)
}
