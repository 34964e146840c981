package isns_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
)

const us = "iqn.2026-11.com.example:host1"

const disk = "iqn.2026-11.com.example:disk"

// put changes the header of the n-th PDU from the end, at a byte.
func put(n, at int, v uint16) func([][]byte) [][]byte {
	return func(pdus [][]byte) [][]byte {
		binary.BigEndian.PutUint16(pdus[len(pdus)-n][at:], v)
		return pdus
	}
}

// notice returns a message of a server's own.
func notice(f isns.Function) []byte {
	return isnstest.AppendPDU(nil, isns.Header{Version: isns.Version, Function: f, Length: 4, Flags: isns.FlagServer | isns.FlagFirst | isns.FlagLast, TransactionID: 99}, make([]byte, 4))
}

// notices puts notices before a reply.
func notices(n int) func(r *isnstest.Reply) {
	return func(r *isnstest.Reply) {
		r.Edit = func(p [][]byte) [][]byte { return append(slices.Repeat([][]byte{notice(isns.FuncSCN)}, n), p...) }
	}
}

// A hostileCase is a reply that is spoiled, and what comes of it.
type hostileCase struct {
	name  string
	spoil func(r *isnstest.Reply)
	err   string // in the error; empty: there is none
}

var hostileCases = []hostileCase{
	{"version", func(r *isnstest.Reply) { r.Edit = put(1, 0, 2) }, "version 2"},
	{"function", func(r *isnstest.Reply) { r.Function = isns.FuncDevGetNext.Response() }, "bad DevGetNextRsp"},
	{"a request for an answer", func(r *isnstest.Reply) { r.Function = isns.FuncDevAttrQry }, "bad DevAttrQry"},
	{"a notice for an answer", func(r *isnstest.Reply) { r.Function = isns.FuncSCN }, "no answer within 15s"},
	{"a notice before the answer", notices(1), ""},
	{"an inquiry between its PDUs", func(r *isnstest.Reply) {
		r.PDUSize = 16
		r.Edit = func(p [][]byte) [][]byte { return slices.Insert(p, 1, notice(isns.FuncESI)) }
	}, "another message"},
	{"notices without end", notices(1000), "bad SCN"},
	{"transaction", func(r *isnstest.Reply) { r.ID++ }, "of transaction"},
	{"no first flag", func(r *isnstest.Reply) { r.Edit = put(1, 6, 0x4800) }, "its first"},
	{"authentication block", func(r *isnstest.Reply) { r.Edit = put(1, 6, 0x6c00) }, "authentication block"},
	{"sequence", func(r *isnstest.Reply) { r.PDUSize = 16; r.Edit = put(1, 10, 1) }, "follows the PDU"},
	{"transaction of a later PDU", func(r *isnstest.Reply) { r.PDUSize = 16; r.Edit = put(1, 8, 99) }, "another message"},
	{"function of a later PDU", func(r *isnstest.Reply) { r.PDUSize = 16; r.Edit = put(1, 2, 0x8001) }, "another message"},
	{"first flag of a later PDU", func(r *isnstest.Reply) { r.PDUSize = 16; r.Edit = put(1, 6, 0x4c00) }, "second first"},
	{"odd length", func(r *isnstest.Reply) { r.Edit = put(1, 4, 5) }, "multiple of four"},
	{"the last PDU is missing", func(r *isnstest.Reply) {
		r.PDUSize, r.Close = 16, true
		r.Edit = func(p [][]byte) [][]byte { return p[:len(p)-1] }
	}, "closed the connection"},
	{"cut", func(r *isnstest.Reply) {
		r.Close = true
		r.Edit = func(p [][]byte) [][]byte { return [][]byte{p[0][:30]} }
	}, "closed the connection"},
	{"nothing", func(r *isnstest.Reply) { r.Close, r.Silent = true, true }, "closed the connection"},
	{"endless attributes", func(r *isnstest.Reply) { r.Endless = true; r.Payload = isnstest.Attributes() }, "bad DevAttrQryRsp"},
	{"endless targets", func(r *isnstest.Reply) { r.Endless = true }, "bad DevAttrQryRsp"},
	{"long attribute", func(r *isnstest.Reply) { r.Payload = append(r.Payload, 0, 0, 0, 99, 0xff, 0xff, 0xff, 0xfc) }, "more than the message may have"},
	{"attribute that ends too early", func(r *isnstest.Reply) { r.Payload = append(r.Payload, 0, 0, 0, 34, 0, 0, 0, 8, 'a', 0, 0, 0) }, "within an attribute"},
	{"attribute of three bytes", func(r *isnstest.Reply) { r.Payload = append(r.Payload, 0, 0, 0, 34, 0, 0, 0, 3, 'a', 0, 0, 0) }, "multiple of four"},
	{"no status", func(r *isnstest.Reply) { r.Payload = nil }, "no status"},
	{"busy", func(r *isnstest.Reply) { r.Payload = isnstest.Refusal(isns.StatusBusy) }, "busy (12); try again later"},
	{"unknown status", func(r *isnstest.Reply) { r.Payload = isnstest.Refusal(0xdeadbeef) }, "reserved status (3735928559)"},
	{"refusal with a payload", func(r *isnstest.Reply) {
		r.Payload = append(isnstest.Refusal(isns.StatusUnauthorized), isnstest.AppendAttribute(nil, isns.TagISCSIName, []byte("x\x00\x00\x00"))...)
	}, "source unauthorized"},
	{"a certificate of 40,000 bytes", func(r *isnstest.Reply) { r.Payload = isnstest.AppendAttribute(r.Payload, 31, make([]byte, 40000)) }, ""},
	{"slow", func(r *isnstest.Reply) { r.Slow = time.Millisecond }, ""},
	{"one byte in a second", func(r *isnstest.Reply) { r.Slow = time.Second }, "no answer within 15s"},
	{"silence", func(r *isnstest.Reply) { r.Silent = true }, "no answer within 15s"},
}

// TestHostile: what is wrong with an answer ends in an error that says so, at once or at
// the time limit; no connection and no goroutine is left.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, tt := range hostileCases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Database: isnstest.Targets(disk), Spoil: func(_ *isnstest.Request, r *isnstest.Reply) { tt.spoil(r) }})
				c := isns.Client{Name: us, Dial: s.Dial, Limits: isns.Limits{MaxMessage: 1 << 20}}
				start := time.Now()
				a, _, err := c.Ask(t.Context(), isns.Request{Server: initiator.Portal{Address: "192.0.2.1"}})
				if took := time.Since(start); took > isns.DefaultTimeout {
					t.Errorf("it took %v", took)
				}
				time.Sleep(2 * time.Second) // until a slow server sees it
				if n := s.Open(); n != 0 {
					t.Errorf("%d connections are open", n)
				}
				if tt.err == "" {
					if err != nil || len(a.Nodes) != 1 {
						t.Errorf("got %v, want one target", err)
					}
					return
				}
				var failed *isns.Error
				if !errors.As(err, &failed) || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got %v, want an *isns.Error with %q", err, tt.err)
				}
				if strings.ContainsAny(err.Error(), "\n\x00\x1b") {
					t.Errorf("the error is not one line: %q", err)
				}
				if a != nil && a.Complete {
					t.Error("the answer is complete")
				}
			})
		})
	}
}

// TestCancel: Query returns once its context ends, wherever it is.
func TestCancel(t *testing.T) {
	t.Parallel()
	for at := range 3 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Database: isnstest.Targets(disk), MustRegister: true, Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
				if q.Index == at {
					r.Silent = true
					time.AfterFunc(time.Hour, cancel)
				}
			}})
			c := isns.Client{Name: us, Dial: s.Dial, Register: true}
			start := time.Now()
			_, err := c.Query(ctx, s.Addr)
			if !errors.Is(err, context.Canceled) || time.Since(start) != time.Hour {
				t.Errorf("request %d: got %v after %v, want it cancelled after an hour", at, err, time.Since(start))
			}
		})
	}
}

// TestFewerAttributes: a server that does not know all attributes is asked for fewer, on
// the same connection.
func TestFewerAttributes(t *testing.T) {
	t.Parallel()
	s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Database: isnstest.Targets(disk), Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
		if slices.Contains(q.Body.(*isns.DevAttrQry).Want, isns.TagPortalSecurity) {
			r.Payload = isnstest.Refusal(isns.StatusNotImplemented)
		}
	}})
	c := isns.Client{Name: us, Dial: s.Dial}
	a, err := c.Query(t.Context(), s.Addr)
	if err != nil || len(a.Nodes) != 1 || len(a.Nodes[0].Portals) != 1 || !a.Complete || s.Accepted() != 1 {
		t.Errorf("got %+v, %v on %d connections", a, err, s.Accepted())
	}
}

// TestRegisterAfresh: what a server told before it wanted to be registered with is not put
// together with what it tells after.
func TestRegisterAfresh(t *testing.T) {
	t.Parallel()
	asked := 0
	s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Database: isnstest.Targets(disk), Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
		if q.Function == isns.FuncDevAttrQry {
			r.Payload = isnstest.Refusal(isns.StatusNotSupported)
		}
		if g, ok := q.Body.(*isns.DevGetNext); ok && g.Key[0].Tag == isns.TagPortalAddress {
			if asked++; asked == 1 {
				r.Payload = isnstest.Refusal(isns.StatusSourceAbsent)
			}
		}
	}})
	c := isns.Client{Name: us, Dial: s.Dial, Register: true}
	a, err := c.Query(t.Context(), s.Addr)
	if err != nil || len(a.Nodes) != 1 || !a.Complete || len(a.Warnings) != 2 || a.Warnings[0].Code != isns.WarnGetNext || a.Warnings[1].Code != isns.WarnDomains {
		t.Errorf("got %+v, %v, want one target and two warnings", a, err)
	}
}

// TestNothingLeft: hundreds of queries that fail leave no goroutine behind, though their
// context lives on.
func TestNothingLeft(t *testing.T) {
	s := isnstest.Listen(t, isnstest.Config{Database: isnstest.Targets(disk), Spoil: func(q *isnstest.Request, r *isnstest.Reply) { r.Close = q.Index == 0 }})
	c := isns.Client{Name: us}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	before := runtime.NumGoroutine()
	for range 200 {
		if _, err := c.Query(ctx, s.Addr); !errors.Is(err, io.ErrUnexpectedEOF) && err == nil {
			t.Fatal("got no error")
		}
	}
	for s.Open() > 0 {
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before+5 {
		t.Errorf("got %d goroutines, %d before", after, before)
	}
}

// TestSplit: an answer of 10,000 targets over many PDUs is whole.
func TestSplit(t *testing.T) {
	names := make([]string, 10000)
	for i := range names {
		names[i] = fmt.Sprintf("%s%d", disk, i)
	}
	s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Database: isnstest.Targets(names...), PDUSize: 4096})
	c := isns.Client{Name: us, Dial: s.Dial}
	a, err := c.Query(t.Context(), s.Addr)
	if err != nil || len(a.Nodes) != len(names) || !a.Complete {
		t.Fatalf("got %d targets, %v, want %d", len(a.Nodes), err, len(names))
	}
	for i := range names {
		if a.Nodes[i].Name != names[i] || len(a.Nodes[i].Portals) != 1 {
			t.Fatalf("target %d: got %+v, want %s", i, a.Nodes[i], names[i])
		}
	}
}
