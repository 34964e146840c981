package session_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// TestLoginCut: text that is cut over the C bit means what it means whole,
// wherever it is cut, and however often.
func TestLoginCut(t *testing.T) {
	t.Parallel()
	whole := []reply{
		says("0", "TargetPortalGroupTag=1", "AuthMethod=CHAP"), says("0", challenge()...), proves("0>1", targetSecret),
		says("1>3", "HeaderDigest=None", "DataDigest=None", "MaxRecvDataSegmentLength=4096", "TargetAlias=a=b"),
	}
	want := logIn(t, withCHAP(config(), mutual()), whole...)
	if !want.done {
		t.Fatal(want.err)
	}
	for i := range whole {
		for size := 1; ; size++ {
			for _, rest := range []int{1 << 20, size, 3} { // of the pieces after the first
				cut, pieces := cutReply(whole, i, size, rest)
				l := logIn(t, withCHAP(config(), mutual()), cut...)
				if pieces > 50 && l.err != nil {
					judge(t, l.err, "the target sent more than 64 login responses")
					continue
				}
				l.result.Rounds -= pieces - 1
				if diff := cmp.Diff(want.result, l.result); diff != "" || !l.done {
					t.Fatalf("response %d, pieces of %d and %d: done %t, error %v\n%s", i, size, rest, l.done, l.err, diff)
				}
			}
			if n := replyLen(whole, i); size > n {
				break
			}
		}
	}
}

// cutReply cuts the text of reply i into a first piece of size bytes and others
// of rest bytes. Of the proof the length alone is known beforehand.
func cutReply(whole []reply, i, size, rest int) (cut []reply, pieces int) {
	n := replyLen(whole, i)
	var kept pdu.LoginResponse // as the whole response would be
	cut = append(cut, whole[:i]...)
	for off := 0; off == 0 || off < n; pieces++ {
		from, to := off, min(off+size, n)
		size, off = rest, to
		cut = append(cut, func(request *pdu.LoginRequest, m *pdu.LoginResponse) {
			if from == 0 {
				whole[i](request, &kept)
			}
			m.CSG, m.Data = kept.CSG, kept.Data[from:to]
			if to < n {
				m.Continue = true
			} else {
				m.Transit, m.NSG = kept.Transit, kept.NSG
			}
		})
	}
	return append(cut, whole[i+1:]...), pieces
}

func replyLen(whole []reply, i int) int {
	request := &pdu.LoginRequest{Data: text("CHAP_I=99", "CHAP_C=0xa0a1a2a3a4a5a6a7a8a9aaabacadaeaf")}
	var m pdu.LoginResponse
	whole[i](request, &m)
	return len(m.Data)
}

// TestLoginMalformedText: each ends the login, also where the pieces alone would
// be well formed.
func TestLoginMalformedText(t *testing.T) {
	t.Parallel()
	malformed := func(at int, reason string) string {
		return fmt.Sprintf("%smalformed text: malformed text at byte %d: %s", breaks, at, reason)
	}
	data := func(flags string, b string) reply {
		return but(says(flags), func(m *pdu.LoginResponse) { m.Data = pdu.Text(b) })
	}
	tests := []struct {
		name    string
		replies []reply
		err     string
	}{
		{name: "no NUL", replies: []reply{data("1>3", "HeaderDigest=None")}, err: malformed(0, "the last pair has no NUL at its end")},
		{name: "no '='", replies: []reply{data("1>3", "a=b\x00rubbish\x00")}, err: malformed(4, "no '=' in a pair")},
		{name: "no key", replies: []reply{data("1>3", "=None\x00")}, err: malformed(0, "an empty key")},
		{name: "a long key", replies: []reply{data("1>3", fmt.Sprintf("%064d=\x00", 0))}, err: malformed(0, "a key of more than 63 bytes")},
		{name: "not UTF-8", replies: []reply{data("1>3", "K\xff=1\x00")}, err: malformed(0, "a character in a key that no key may have")},
		{name: "no NUL after pieces", replies: []reply{data("1+", "HeaderDigest"), data("1>3", "=None")}, err: malformed(0, "the last pair has no NUL at its end")},
		{name: "a pair cut without C", replies: []reply{data("1", "HeaderDigest"), data("1>3", "=None\x00")}, err: malformed(0, "the last pair has no NUL at its end")},
		{name: "NULs alone", replies: []reply{data("1>3", "\x00\x00\x00\x00")}},
		{name: "NULs between", replies: []reply{data("1>3", "\x00HeaderDigest=None\x00\x00\x00DataDigest=None\x00\x00")}},
		{name: "NULs over C", replies: []reply{data("1+", "\x00\x00"), data("1+", "HeaderDigest=None\x00"), data("1>3", "\x00")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := logIn(t, config(), tt.replies...)
			judge(t, l.err, tt.err)
			if l.done != (tt.err == "") {
				t.Errorf("done %t", l.done)
			}
		})
	}
}

// TestLoginText: the text of a whole login is bounded, in one response or many.
func TestLoginText(t *testing.T) {
	t.Parallel()
	piece := "X#a=" + strings.Repeat("v", pdu.DefaultMaxData-5) // and its NUL
	tests := []struct {
		name string
		last int // bytes more than 64 KiB
		err  string
	}{
		{name: "64 KiB"},
		{name: "one more", last: 1, err: "the target sent more than 65536 bytes of login text"},
	}
	for _, tt := range tests {
		for _, flags := range []string{"1", "1+"} {
			t.Run(tt.name+", "+flags, func(t *testing.T) {
				t.Parallel()
				var replies []reply
				for i := range 8 {
					pair := []byte(piece)
					pair[2] += byte(i) // no key comes twice
					replies = append(replies, says(flags, string(pair)))
				}
				end := but(says("1>3"), func(m *pdu.LoginResponse) { m.Data = make(pdu.Text, tt.last) })
				l := logIn(t, config(), append(replies, end)...)
				judge(t, l.err, tt.err)
			})
		}
	}
}
