package isns_test

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/isns"
	"github.com/go-iscsi/discovery/pkg/initiator/name"
	"github.com/go-iscsi/discovery/pkg/ipsec"
	"github.com/go-iscsi/discovery/test/isnstest"
)

// TestEveryField: whatever a server puts in the place of any four bytes of its answers, in
// headers, lengths, tags and values, the query ends in time, with an error of one line or with
// an answer in which nothing is harmful; no connection is left.
func TestEveryField(t *testing.T) {
	t.Parallel()
	at := netip.MustParseAddrPort("192.0.2.10:3260")
	db := isnstest.Database{
		Nodes:   []isnstest.Node{{Name: disk, Alias: "alias", Access: []isnstest.Access{{Portal: at, Group: 1}}}, {Name: us, Type: isns.Initiator}},
		Portals: []isnstest.Portal{{Address: at, Name: "left", Security: ipsec.FlagValid | ipsec.FlagIKE}},
		Domains: []isnstest.Domain{{ID: 1, Name: "red", Members: []string{disk, us}}},
	}
	values := []uint32{0, 1, 4, 32, 0x00010004, 0x7fffffff, 0xfffffffc, 0xffffffff, 0x0d0a1b5b}
	for _, single := range []bool{false, true} { // DevGetNext alone
		for request := range 3 {
			words := 1
			for word := 0; word < words; word++ {
				for _, value := range values {
					synctest.Test(t, func(t *testing.T) {
						s := isnstest.New(t, "192.0.2.1:3205", isnstest.Config{Database: db, Spoil: func(q *isnstest.Request, r *isnstest.Reply) {
							if single && q.Function == isns.FuncDevAttrQry {
								r.Payload = isnstest.Refusal(isns.StatusNotSupported)
							}
							if q.Index == request {
								r.Edit = func(pdus [][]byte) [][]byte {
									words = len(pdus[0]) / 4
									binary.BigEndian.PutUint32(pdus[0][4*word:], value)
									return pdus
								}
							}
						}})
						checkSpoiled(t, s)
						if t.Failed() {
							t.Fatalf("request %d, word %d is 0x%08x", request, word, value)
						}
					})
				}
			}
			if words < 4 {
				t.Errorf("request %d: there was nothing to spoil", request)
			}
		}
	}
}

// checkSpoiled asks a server whose answers are spoiled.
func checkSpoiled(t *testing.T, s *isnstest.Server) {
	t.Helper()
	c := isns.Client{Name: us, Dial: s.Dial}
	begin := time.Now()
	a, _, err := c.Ask(t.Context(), isns.Request{Server: initiator.Portal{Address: "192.0.2.1"}})
	if took := time.Since(begin); took > isns.DefaultTimeout {
		t.Errorf("it took %v", took)
	}
	synctest.Wait()
	if s.Open() != 0 {
		t.Errorf("%d connections are open", s.Open())
	}
	var failed *isns.Error
	if err != nil && (!errors.As(err, &failed) || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) || a != nil && a.Complete) {
		t.Errorf("got %q", err)
	}
	if a == nil {
		return
	}
	for _, n := range a.Nodes {
		if bad := name.Harmful(n.Name); bad != "" || !utf8.ValidString(n.Alias) || n.Type&isns.Target == 0 && n.Type != 0 {
			t.Errorf("got %+v: %s", n, bad)
		}
		for _, p := range n.Portals {
			if !p.Address.IsValid() || p.Address.Addr().IsUnspecified() || p.Address.Port() == 0 || p.Group < -1 || p.Group > 65535 {
				t.Errorf("got portal %+v", p)
			}
		}
	}
	for _, w := range a.Warnings {
		if strings.ContainsFunc(w.Message, func(r rune) bool { return r < ' ' }) {
			t.Errorf("got warning %q", w.Message)
		}
	}
}
