package etcd

import (
	"cmp"
	"context"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/connectivity"
)

// How a connection that has gone silent is found: a ping after keepAliveTime without a
// message, and keepAliveTimeout for its answer. Servers refuse more than one in five
// seconds.
const (
	keepAliveTime    = 10 * time.Second
	keepAliveTimeout = 5 * time.Second
)

// How a member that does not answer is tried again: after a pause that grows from
// firstReconnect to lastReconnect, and for connectTimeout or that pause. gRPC's own pause
// grows to 2 minutes: so long a host would be away after its network is mended.
const (
	firstReconnect = time.Second
	lastReconnect  = 5 * time.Second
	connectTimeout = 5 * time.Second
)

// reconnects are these times.
var reconnects = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: firstReconnect, Multiplier: 1.6, Jitter: 0.2, MaxDelay: lastReconnect},
	MinConnectTimeout: connectTimeout,
}

// MaxAnswerLen is the largest message that a client of Dial takes from a server, in
// bytes. etcd itself has no limit for answers: readers ask for pages.
const MaxAnswerLen = 16 << 20

// Dial connects to etcd and returns when one endpoint answers. Its [*Error] says of each
// why it does not: nothing listens, its certificate has expired, it does not take the
// user. The client connects again by itself, and logs nothing. Close it.
func Dial(ctx context.Context, cfg Config) (*clientv3.Client, error) {
	urls, err := cfg.urls()
	if err != nil {
		return nil, err
	}
	l := &link{urls: urls, requestTimeout: cmp.Or(cfg.RequestTimeout, DefaultRequestTimeout), failures: make(map[string]error)}
	timeout := cmp.Or(cfg.DialTimeout, DefaultDialTimeout)

	// What the client does while it connects ends with ctx, what it does later does not.
	life, end := context.WithCancel(context.WithValue(context.WithoutCancel(ctx), linkKey{}, l))
	waiting, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	l.allFailed = stop
	detach := context.AfterFunc(waiting, end)

	client, err := clientv3.New(cfg.client(l, life, timeout))
	if err == nil {
		err = awaitConnection(waiting, client.ActiveConnection())
	}
	l.waitsNoMore()
	if detach() && err == nil {
		return client, nil
	}
	end()
	if client != nil {
		_ = client.Close() // it has served
	}
	if err == nil { // it connected in the moment in which ctx ended
		err = context.Cause(waiting)
	}
	return nil, l.dialError(ctx, err)
}

// dialError returns the error of Dial.
func (l *link) dialError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	state, reason := judge(err)
	e := &Error{What: "connect", Endpoints: l.urls, State: state, Reason: reason, Err: err}
	if state == Unreachable {
		l.explain(e)
	}
	return e
}

// client returns what etcd's client wants to know.
func (c *Config) client(l *link, life context.Context, timeout time.Duration) clientv3.Config {
	cfg := clientv3.Config{
		Endpoints: l.urls, Context: life, DialTimeout: timeout, Logger: zap.NewNop(),
		DialKeepAliveTime: keepAliveTime, DialKeepAliveTimeout: keepAliveTimeout,
		MaxCallRecvMsgSize: MaxAnswerLen,
		Username:           c.User, Password: string(c.Password.Reveal()),
		DialOptions: []grpc.DialOption{grpc.WithContextDialer(l.dial), grpc.WithConnectParams(reconnects)},
	}
	if strings.HasPrefix(l.urls[0], "https:") {
		h := &handshaker{link: l, caCert: c.CACert, cert: c.Cert, key: c.Key}
		cfg.DialOptions = append(cfg.DialOptions, grpc.WithTransportCredentials(h))
	}
	return cfg
}

// awaitConnection returns when an endpoint is connected.
func awaitConnection(ctx context.Context, conn *grpc.ClientConn) error {
	conn.Connect()
	for {
		state := conn.GetState()
		if state == connectivity.Ready {
			return nil
		}
		if !conn.WaitForStateChange(ctx, state) {
			return context.Cause(ctx)
		}
	}
}
