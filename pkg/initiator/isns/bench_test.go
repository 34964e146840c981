package isns_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// BenchmarkQuery: a query by TCP of a server that has its answers ready, beside the floor:
// the same connection, requests and answers, which are thrown away.
func BenchmarkQuery(b *testing.B) {
	for _, n := range []int{1000, isns.DefaultMaxTargets} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			requests, answers := exchangeOf(b, n)
			server := serveReady(b, requests, answers)
			c := isns.Client{Name: us}
			var query, floor time.Duration
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				begin := time.Now()
				a, err := c.Query(b.Context(), server)
				query += time.Since(begin)
				if err != nil || len(a.Nodes) != n {
					b.Fatal(err)
				}
				begin = time.Now()
				discard(b, server, requests, answers)
				floor += time.Since(begin)
			}
			runtime.ReadMemStats(&after)
			each := float64(b.N * n)
			b.ReportMetric(float64(query)/each, "ns/target")
			b.ReportMetric(float64(floor)/each, "floor-ns/target")
			b.ReportMetric(float64(query)/float64(floor), "query/floor")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/each, "B/target")
			b.ReportMetric(float64(len(bytes.Join(answers, nil)))/float64(n), "wire-B/target")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// exchangeOf returns the requests and the answers of a query for so many targets, at 250
// portals.
func exchangeOf(b *testing.B, n int) (requests, answers [][]byte) {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s%d", disk, i)
	}
	s := isnstest.New(b, "192.0.2.1:3205", isnstest.Config{Database: isnstest.Targets(names...)})
	c := isns.Client{Name: us, Dial: s.Dial, Wrap: func(nc net.Conn) net.Conn { return &recorded{nc, &requests, &answers} }}
	if _, err := c.Query(b.Context(), s.Addr); err != nil {
		b.Fatal(err)
	}
	return requests, answers
}

// A recorded connection keeps what goes over it.
type recorded struct {
	net.Conn
	requests, answers *[][]byte
}

func (r *recorded) Write(p []byte) (int, error) {
	*r.requests, *r.answers = append(*r.requests, bytes.Clone(p)), append(*r.answers, nil)
	return r.Conn.Write(p)
}

func (r *recorded) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	if last := len(*r.answers) - 1; n > 0 {
		(*r.answers)[last] = append((*r.answers)[last], p[:n]...)
	}
	return n, err
}

// serveReady returns a server that gives one answer after the other.
func serveReady(b *testing.B, requests, answers [][]byte) netip.AddrPort {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { ln.Close() })
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			for i := range answers {
				if _, err := io.CopyN(io.Discard, nc, int64(len(requests[i]))); err != nil {
					break
				}
				if _, err := nc.Write(answers[i]); err != nil {
					break
				}
			}
			nc.Close()
		}
	}()
	return ln.Addr().(*net.TCPAddr).AddrPort()
}

// discard asks as a query does, and throws the answers away.
func discard(b *testing.B, server netip.AddrPort, requests, answers [][]byte) {
	nc, err := net.Dial("tcp", server.String())
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	for i := range requests {
		if _, err = nc.Write(requests[i]); err == nil {
			_, err = io.Copy(io.Discard, io.LimitReader(struct{ io.Reader }{nc}, int64(len(answers[i]))))
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
