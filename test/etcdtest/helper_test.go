package etcdtest_test

import (
	"context"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

func newClient(t *testing.T, cfg clientv3.Config) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func timeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// put sets a key. While a cluster elects a leader, an attempt may fail.
func put(t *testing.T, client *clientv3.Client, key string) {
	t.Helper()
	var err error
	for range 10 {
		if _, err = client.Put(t.Context(), key, "value"); err == nil {
			return
		}
	}
	t.Fatal(err)
}
