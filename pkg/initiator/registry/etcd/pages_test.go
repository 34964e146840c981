package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-iscsi/discovery/pkg/initiator/registry/etcd"
	"github.com/go-iscsi/discovery/test/etcdtest"
)

// TestPages runs the tests of Pages, with each kind of server.
func TestPages(t *testing.T) {
	t.Parallel()
	etcdtest.Each(t, func(etcdtest.Kind) map[string]func(*testing.T, *etcdtest.Server) {
		return map[string]func(*testing.T, *etcdtest.Server){
			"one revision":   testPagesRevision,
			"options":        testPagesOptions,
			"behind":         testPagesBehind,
			"large values":   testPagesLarge,
			"one too large":  testPagesOneTooLarge,
			"defaults":       testPagesDefaults,
			"end of all":     testPagesEndOfAll,
			"nothing to ask": testPagesNothing,
		}
	})
}

// askedKV is the KV of a client, and keeps what Get was asked for.
type askedKV struct {
	clientv3.KV
	ops       []clientv3.Op
	within    []time.Duration // which the deadlines of the requests leave
	revisions []int64         // the server's, of each answer
}

func (a *askedKV) Get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	deadline, _ := ctx.Deadline()
	a.ops, a.within = append(a.ops, clientv3.OpGet(key, opts...)), append(a.within, time.Until(deadline))
	answer, err := a.KV.Get(ctx, key, opts...)
	if err == nil {
		a.revisions = append(a.revisions, answer.Header.Revision)
	}
	return answer, err
}

// asked returns a client as Dial makes it, and what it asks for; receives: the largest
// message that it takes.
func asked(t *testing.T, s *etcdtest.Server, receives int) (*clientv3.Client, *askedKV) {
	t.Helper()
	cfg := s.Config(t)
	cfg.MaxCallRecvMsgSize, cfg.MaxCallSendMsgSize = receives, min(receives, 2<<20)
	c, err := clientv3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	a := &askedKV{KV: c.KV}
	c.KV = a
	return c, a
}

// A pagesWorld is a range of keys of a test's own.
type pagesWorld struct {
	prefix, end string
	admin       *clientv3.Client // of the test, which is not looked at
	pages       *etcd.Pages
	asked       *askedKV
}

// newPagesWorld puts values, each of which is the name of its key.
func newPagesWorld(t *testing.T, s *etcdtest.Server, names ...string) *pagesWorld {
	t.Helper()
	w := &pagesWorld{prefix: etcdtest.Name("pages") + "/", admin: s.Client(t)}
	w.end = clientv3.GetPrefixRangeEnd(w.prefix)
	c, a := asked(t, s, etcd.MaxAnswerLen)
	w.pages, w.asked = &etcd.Pages{Client: c, Most: 2, Within: 20 * time.Second}, a
	for _, name := range names {
		put(t, w.admin, w.prefix+name, name)
	}
	return w
}

// read returns name=value of each key of a range that Pages read, and the revision.
func (w *pagesWorld) read(t *testing.T, from, to string, revision int64, each func(*mvccpb.KeyValue)) (got []string, at int64) {
	t.Helper()
	at, err := w.pages.Read(t.Context(), from, to, revision, func(kv *mvccpb.KeyValue) {
		got = append(got, strings.TrimPrefix(string(kv.Key), w.prefix)+"="+string(kv.Value))
		if each != nil {
			each(kv)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, at
}

// wantKeys holds name=value of keys to those that are separated by spaces.
func wantKeys(t *testing.T, got []string, want string) {
	t.Helper()
	if text := strings.Join(got, " "); text != want {
		t.Errorf("got %.500q, want %.500q", text, want)
	}
}

// testPagesRevision: all pages are of one revision, that of the first or the one that the
// caller names: what is written between two pages is not seen. That revision is returned.
func testPagesRevision(t *testing.T, s *etcdtest.Server) {
	w := newPagesWorld(t, s, "a", "b", "c", "d", "e")
	got, at := w.read(t, w.prefix, w.end, 0, func(kv *mvccpb.KeyValue) {
		if string(kv.Key) == w.prefix+"a" {
			put(t, w.admin, w.prefix+"d", "later")
			put(t, w.admin, w.prefix+"f", "later")
		}
	})
	wantKeys(t, got, "a=a b=b c=c d=d e=e")
	if at != w.asked.revisions[0] || len(w.asked.revisions) != 3 {
		t.Errorf("got revision %d, want that of the first of three pages: %d", at, w.asked.revisions)
	}
	got, again := w.read(t, w.prefix, w.end, at, nil)
	wantKeys(t, got, "a=a b=b c=c d=d e=e")
	if again != at {
		t.Errorf("got revision %d, want %d, which was asked for", again, at)
	}
	got, _ = w.read(t, w.prefix, w.end, 0, nil)
	wantKeys(t, got, "a=a b=b c=c d=later e=e f=later")
}

// testPagesOptions: the options are those of each page.
func testPagesOptions(t *testing.T, s *etcdtest.Server) {
	w := newPagesWorld(t, s, "a", "b", "c", "d", "e")
	w.pages.Options = []clientv3.OpOption{clientv3.WithKeysOnly()}
	got, _ := w.read(t, w.prefix, w.end, 0, nil)
	wantKeys(t, got, "a= b= c= d= e=")
}

// testPagesBehind: Behind says where the next page begins, also that there is none.
func testPagesBehind(t *testing.T, s *etcdtest.Server) {
	w := newPagesWorld(t, s, "a/1", "a/2", "a/3", "a/4", "b/1", "b/2", "b/3", "c/1")
	w.pages.Behind = func(key string) string {
		return clientv3.GetPrefixRangeEnd(key[:strings.LastIndexByte(key, '/')+1])
	}
	got, _ := w.read(t, w.prefix, w.end, 0, nil)
	wantKeys(t, got, "a/1=a/1 a/2=a/2 b/1=b/1 b/2=b/2 c/1=c/1")

	w.pages.Behind = func(string) string { return clientv3.GetPrefixRangeEnd("\xff") }
	for _, to := range []string{w.end, "\x00"} {
		got, _ = w.read(t, w.prefix, to, 0, nil)
		wantKeys(t, got, "a/1=a/1 a/2=a/2")
	}
}

// testPagesLarge: values that are too large for one page hide no key, and the pages behind
// them have as many keys as before.
func testPagesLarge(t *testing.T, s *etcdtest.Server) {
	w := newPagesWorld(t, s)
	w.pages.Most = 64
	large := string(value('v', 1<<20))
	var want, got []string
	for i := range 64 + 20 + 64 {
		key, v := fmt.Sprintf("%s%03d", w.prefix, i), "small"
		if i >= 64 && i < 64+20 {
			v = large
		}
		put(t, w.admin, key, v)
		want = append(want, fmt.Sprintf("%s=%d", key, len(v)))
	}
	_, err := w.pages.Read(t.Context(), w.prefix, w.end, 0, func(kv *mvccpb.KeyValue) {
		got = append(got, fmt.Sprintf("%s=%d", kv.Key, len(kv.Value)))
	})
	if err != nil {
		t.Fatal(err)
	}
	wantKeys(t, got, strings.Join(want, " "))
	var limits []int64
	for _, op := range w.asked.ops {
		limits = append(limits, op.Limit())
	}
	// 64 small ones, what is too large, 8 large ones, 12 and 4 small ones, 32, the other 28.
	if len(limits) > 6 || slices.Max(limits) > 64 {
		t.Errorf("got pages of at most %d keys, want 6 requests for 64 at most", limits)
	}
}

// testPagesOneTooLarge: a value that is too large by itself is an error, behind the keys
// before it.
func testPagesOneTooLarge(t *testing.T, s *etcdtest.Server) {
	w := newPagesWorld(t, s, "a")
	w.pages.Client, w.asked = asked(t, s, 64<<10)
	put(t, w.admin, w.prefix+"b", string(value('v', 128<<10)))
	n := 0
	_, err := w.pages.Read(t.Context(), w.prefix, w.end, 0, func(*mvccpb.KeyValue) { n++ })
	if n != 1 || !etcd.IsTooLarge(err) {
		t.Errorf("got %d keys and %v, want one, and that an answer is too large", n, err)
	}
}

// testPagesDefaults: Pages with a client alone have pages and deadlines.
func testPagesDefaults(t *testing.T, s *etcdtest.Server) {
	var names []string
	for i := range etcd.DefaultPageKeys + 1 {
		names = append(names, fmt.Sprintf("%03d", i))
	}
	w := newPagesWorld(t, s, names...)
	w.pages = &etcd.Pages{Client: w.pages.Client}
	got, at := w.read(t, w.prefix, w.end, 0, nil)
	if len(got) != len(names) || at == 0 {
		t.Errorf("got %d keys at revision %d, want %d", len(got), at, len(names))
	}
	if len(w.asked.ops) != 2 {
		t.Fatalf("got %d requests, want 2 pages", len(w.asked.ops))
	}
	for i, op := range w.asked.ops {
		if within := w.asked.within[i]; op.Limit() != etcd.DefaultPageKeys || within <= 0 || within > etcd.DefaultRequestTimeout {
			t.Errorf("got a page of at most %d keys within %v, want %d within %v", op.Limit(), within, etcd.DefaultPageKeys, etcd.DefaultRequestTimeout)
		}
	}
}

// testPagesEndOfAll: what clientv3.GetPrefixRangeEnd returns for all keys is a range up to
// the last of them.
func testPagesEndOfAll(t *testing.T, s *etcdtest.Server) {
	w := newPagesWorld(t, s, "a", "b", "c", "d", "e")
	w.pages.Options = []clientv3.OpOption{clientv3.WithKeysOnly()} // other tests have large values
	for _, from := range []string{"\x00", w.prefix, w.prefix + "d"} {
		var want, got []string
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			if key := w.prefix + name; key >= from {
				want = append(want, key)
			}
		}
		at, err := w.pages.Read(t.Context(), from, clientv3.GetPrefixRangeEnd(""), 0, func(kv *mvccpb.KeyValue) {
			if strings.HasPrefix(string(kv.Key), w.prefix) {
				got = append(got, string(kv.Key))
			}
		})
		if err != nil || at == 0 || !slices.Equal(got, want) {
			t.Errorf("from %q: got %q, revision %d and %v, want %q", from, got, at, err, want)
		}
	}
}

// testPagesNothing: a range that ends where it begins, or before, is not asked for.
func testPagesNothing(t *testing.T, s *etcdtest.Server) {
	w := newPagesWorld(t, s, "a")
	for _, to := range []string{"", w.prefix, w.prefix + "a"} {
		got, at := w.read(t, w.prefix+"a", to, 7, nil)
		if len(got) > 0 || at != 7 || len(w.asked.ops) > 0 {
			t.Errorf("up to %q: got %q, revision %d and %d requests, want nothing, 7 and none", to, got, at, len(w.asked.ops))
		}
	}
}

// TestWatchError: a watch goes on until etcd cancels it, which has a reason, or until its
// channel is closed, which has none.
func TestWatchError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		r    clientv3.WatchResponse
		open bool
		want error
	}{
		{"events", clientv3.WatchResponse{Events: []*clientv3.Event{{}}}, true, nil},
		{"progress", clientv3.WatchResponse{}, true, nil},
		{"closed", clientv3.WatchResponse{}, false, etcd.ErrWatchEnded},
		{"compacted", clientv3.WatchResponse{Canceled: true, CompactRevision: 9}, true, rpctypes.ErrCompacted},
		{"cancelled", clientv3.WatchResponse{Canceled: true}, true, rpctypes.ErrFutureRev}, // so etcd's client reads it
	} {
		if err := etcd.WatchError(tt.r, tt.open); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
	err := etcd.WatchError(clientv3.WatchResponse{Canceled: true, CancelReason: "no right to watch"}, true)
	wantText(t, err, "no right to watch")
}
