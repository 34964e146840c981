package etcd

import (
	"cmp"
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// New returns a client that connects when it is first used: it is [Dial] for programs that
// go on while etcd is away. Its [*Error] is of a Config that cannot be used. Close it.
func New(cfg Config) (*clientv3.Client, error) {
	urls, err := cfg.urls()
	if err != nil {
		return nil, err
	}
	l := &link{urls: urls, requestTimeout: cmp.Or(cfg.RequestTimeout, DefaultRequestTimeout), failures: make(map[string]error)}
	life := context.WithValue(context.Background(), linkKey{}, l)
	client, err := clientv3.New(cfg.client(l, life, cmp.Or(cfg.DialTimeout, DefaultDialTimeout)))
	if err != nil {
		return nil, l.dialError(life, err)
	}
	return client, nil
}
