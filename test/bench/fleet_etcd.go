package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/go-iscsi/discovery/test/netns"
)

// A store is an etcd of one member that was started with no data.
type store struct {
	url     string
	process *netns.Process
	client  *clientv3.Client
}

// startStore starts an etcd as an administrator does, with fsync.
func (s *settings) startStore(program string) (*store, error) {
	var urls [2]string
	for i := range urls {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		urls[i] = "http://" + l.Addr().String()
		l.Close()
	}
	cmd := exec.Command(program, "--data-dir", filepath.Join(s.dir, "etcd"+strconv.FormatInt(time.Now().UnixNano(), 36)), "--log-level", "error", "--logger", "zap",
		"--listen-client-urls", urls[0], "--advertise-client-urls", urls[0], "--listen-peer-urls", urls[1], "--initial-advertise-peer-urls", urls[1],
		"--initial-cluster", "default="+urls[1])
	cmd.Env = []string{"PATH=/nowhere"}
	process, err := (*netns.Namespace)(nil).Start(cmd)
	if err != nil {
		return nil, err
	}
	e := &store{url: urls[0], process: process}
	if e.client, err = e.dial(); err != nil {
		process.Kill()
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := e.client.Get(clientv3.WithRequireLeader(ctx), "ready"); err != nil {
		process.Kill()
		return nil, fmt.Errorf("%s does not answer: %w", program, err)
	}
	return e, nil
}

// dial returns a client of its own.
func (e *store) dial() (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{Endpoints: []string{e.url}, DialTimeout: time.Minute, Logger: zap.NewNop()})
}

// tidy removes the history and gives free pages back to the disk.
func (e *store) tidy(ctx context.Context) error {
	return patient(func() error {
		now, err := e.client.Get(ctx, "now")
		if err != nil {
			return err
		}
		_, err = e.client.Compact(ctx, now.Header.Revision, clientv3.WithCompactPhysical())
		if err != nil && !errors.Is(err, rpctypes.ErrCompacted) {
			return err
		}
		_, err = e.client.Defragment(ctx, e.url)
		return err
	})
}

// patient does what an etcd with much to do may refuse, some times.
func patient(do func() error) (err error) {
	for range 20 {
		if err = do(); err == nil {
			return nil
		}
		time.Sleep(5 * time.Second)
	}
	return err
}

// A reading is what etcd says of itself at one time, and what this process took until then.
type reading struct {
	at                       time.Time
	cpu, own                 float64 // seconds of CPU: etcd's, and of this process
	resident, file, inUse    float64 // bytes
	revision, puts, commits  float64
	received, sent, watchers float64
}

// read reads etcd's metrics.
func (e *store) read(ctx context.Context) (r reading, err error) {
	var now *clientv3.GetResponse
	if err := patient(func() (err error) { now, err = e.client.Get(ctx, "now"); return err }); err != nil {
		return r, err
	}
	answer, err := http.Get(e.url + "/metrics")
	if err != nil {
		return r, err
	}
	defer answer.Body.Close()
	r.at, r.own, r.revision = time.Now(), ownCPU(), float64(now.Header.Revision)
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		series, text, _ := strings.Cut(lines.Text(), " ")
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			continue
		}
		switch series {
		case "process_cpu_seconds_total":
			r.cpu = value
		case "process_resident_memory_bytes":
			r.resident = value
		case "etcd_mvcc_db_total_size_in_bytes":
			r.file = value
		case "etcd_mvcc_db_total_size_in_use_in_bytes":
			r.inUse = value
		case "etcd_mvcc_put_total":
			r.puts = value
		case "etcd_server_proposals_committed_total":
			r.commits = value
		case "etcd_network_client_grpc_received_bytes_total":
			r.received = value
		case "etcd_network_client_grpc_sent_bytes_total":
			r.sent = value
		case "etcd_debugging_mvcc_watcher_total":
			r.watchers = value
		}
	}
	return r, nil
}
