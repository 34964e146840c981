package isns_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// TestDeregister: whatever ends a question, what was registered for it is taken out, if need
// be on another connection.
func TestDeregister(t *testing.T) {
	t.Parallel()
	const limit = 15 * time.Second
	for _, tt := range []struct {
		name  string
		spoil func(q *isnstest.Request, r *isnstest.Reply)
		err   error // nil: any
		took  time.Duration
		want  string
	}{
		{"the server does not answer the registration", func(q *isnstest.Request, r *isnstest.Reply) { r.Silent = q.Function == isns.FuncDevAttrReg }, context.DeadlineExceeded, limit, "DevAttrQry, DevAttrReg, DevDereg"},
		{"the server refuses the registration", func(q *isnstest.Request, r *isnstest.Reply) {
			if q.Function == isns.FuncDevAttrReg {
				r.Payload = isnstest.Refusal(isns.StatusUnauthorized)
			}
		}, nil, 0, "DevAttrQry, DevAttrReg"},
		{"the server does not answer the question", func(q *isnstest.Request, r *isnstest.Reply) { r.Silent = q.Index == 2 }, context.DeadlineExceeded, limit, "DevAttrQry, DevAttrReg, DevAttrQry, DevDereg"},
		{"the server sends one byte in a second", func(q *isnstest.Request, r *isnstest.Reply) {
			if q.Index == 2 {
				r.Slow = time.Second
			}
		}, context.DeadlineExceeded, limit, "DevAttrQry, DevAttrReg, DevAttrQry, DevDereg"},
		{"the connection ends", func(q *isnstest.Request, r *isnstest.Reply) { r.Close, r.Silent = q.Index == 2, q.Index == 2 }, nil, 0, "DevAttrQry, DevAttrReg, DevAttrQry, DevDereg"},
		{"the server answers nothing any more", func(q *isnstest.Request, r *isnstest.Reply) {
			r.Silent = q.Index == 2 || q.Function == isns.FuncDevDereg
		}, context.DeadlineExceeded, limit + 1500*time.Millisecond, "DevAttrQry, DevAttrReg, DevAttrQry, DevDereg"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Database: isnstest.Targets(disk), MustRegister: true, Spoil: tt.spoil})
				c := isns.Client{Name: us, Dial: s.Dial, Register: true}
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				begun := time.Now()
				_, err := c.Query(ctx, s.Addr)
				if err == nil || tt.err != nil && !errors.Is(err, tt.err) {
					t.Errorf("got %v, want %v", err, tt.err)
				}
				if took := time.Since(begun); took != tt.took {
					t.Errorf("it took %v, want %v", took, tt.took)
				}
				if got := functions(s); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
				time.Sleep(2 * time.Second) // until a slow server sees it
			})
		})
	}
}

// TestRegisterWhereEmpty: a server such as illumos' tells an initiator that is not registered
// nothing, in a response of success. One that knows the initiator is left as it is.
func TestRegisterWhereEmpty(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		register bool
		known    bool // by another program
		refuses  bool // the registration
		nodes    int
		want     string
	}{
		{"registered for the question", true, false, false, 1, "DevAttrQry, DevAttrReg, DevAttrQry, DevDereg"},
		{"not told to", false, false, false, 0, "DevAttrQry"},
		{"registered already", true, true, false, 0, "DevAttrQry"},
		{"refused", true, false, true, 0, "DevAttrQry, DevAttrReg"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := isnstest.Targets(disk)
			if tt.known {
				db.Nodes = append(db.Nodes, isnstest.Node{Name: us, Type: isns.Initiator})
				db.Domains = []isnstest.Domain{{ID: 1, Members: []string{disk}}}
			}
			registered := tt.known
			s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Database: db, Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
				switch {
				case q.Function == isns.FuncDevAttrReg && tt.refuses:
					r.Payload = isnstest.Refusal(isns.StatusUnauthorized)
				case q.Function == isns.FuncDevAttrReg:
					registered = true
				case !registered:
					r.Payload = isnstest.Refusal(isns.StatusSuccess)
				}
			}})
			c := isns.Client{Name: us, Dial: s.Dial, Register: tt.register}
			a, err := c.Query(t.Context(), s.Addr)
			if err != nil || len(a.Nodes) != tt.nodes || !a.Complete {
				t.Errorf("got %+v, %v, want %d targets", a, err, tt.nodes)
			}
			got := slices.Compact(strings.Split(functions(s), ", "))
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("got %s, want %s", s, tt.want)
			}
		})
	}
}
