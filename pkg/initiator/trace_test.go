package initiator_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// TestTraceMasks: a trace shows each PDU, and no response of CHAP in either
// direction, wherever the target cuts its text. What is masked keeps its length.
func TestTraceMasks(t *testing.T) {
	t.Parallel()
	for size := 1; size < 120; size++ {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			var (
				mu     sync.Mutex
				seen   []byte
				events int
				proof  string

				sent, received int // bytes of login text that the target sent, and that the trace has
			)
			d.Trace = func(e initiator.TraceEvent) {
				mu.Lock()
				defer mu.Unlock()
				events++
				switch m := e.PDU.(type) {
				case *pdu.LoginRequest:
					seen = append(seen, m.Data...)
				case *pdu.LoginResponse:
					seen = append(seen, m.Data...)
					received += len(m.Data)
				}
			}
			target := full()
			target.Respond = func(_, response pdu.PDU) iscsitest.Step {
				m, ok := response.(*pdu.LoginResponse)
				if ok {
					sent += len(m.Data)
				}
				if !ok || !strings.Contains(string(m.Data), "CHAP_R=") || len(m.Data) <= size {
					return nil
				}
				proof = valueOf(m.Data, "CHAP_R")
				next := iscsitest.Check(func(*pdu.LoginRequest) error { return nil })
				return iscsitest.Steps(
					iscsitest.Send(&pdu.LoginResponse{CSG: m.CSG, Continue: true, Data: m.Data[:size]}), next,
					iscsitest.Send(&pdu.LoginResponse{CSG: m.CSG, Continue: true}), next, // a piece may be empty
					iscsitest.Send(&pdu.LoginResponse{CSG: m.CSG, NSG: m.NSG, Transit: m.Transit, Data: m.Data[size:]}),
				)
			}
			p := withAll(scene.Portal(n, scene.Where, target))
			r, _ := discover(t, d, p)
			scene.Judge(t, r.Err, scene.Outcome{})
			ours, _ := n.Sessions(r.Address)[0].Key("CHAP_R")
			for _, response := range []string{ours, proof} {
				for i := 2; i+8 <= len(response); i++ {
					if strings.Contains(string(seen), response[i:i+8]) {
						t.Fatalf("cut after %d bytes: %s of a response shows", size, response[i:i+8])
					}
				}
			}
			if masked := "CHAP_R=" + strings.Repeat("*", len(ours)) + "\x00"; !strings.Contains(string(seen), masked) {
				t.Fatalf("cut after %d bytes: our response of %d bytes is masked at another length: %q", size, len(ours), seen)
			}
			if received != sent || sent == 0 {
				t.Fatalf("cut after %d bytes: the trace has %d bytes of the target's text, want %d", size, received, sent)
			}
			if events < 16 || !strings.Contains(string(seen), "CHAP_N=disc\x00CHAP_R=") {
				t.Errorf("%d events: %q", events, seen)
			}
		})
	}
}

func valueOf(text pdu.Text, key string) string {
	for p, err := range text.Pairs() {
		if err == nil && string(p.Key) == key {
			return string(p.Value)
		}
	}
	return ""
}

// TestTraceMasksAnyPDU (issue 13, 10): a target that sends its response of CHAP in a
// PDU that is no login shows it in no trace either.
func TestTraceMasksAnyPDU(t *testing.T) {
	t.Parallel()
	for name, as := range map[string]func(text pdu.Text) pdu.PDU{
		"a text response":  func(text pdu.Text) pdu.PDU { return &pdu.TextResponse{Final: true, Data: text} },
		"a NOP-In":         func(text pdu.Text) pdu.PDU { return &pdu.NOPIn{TTT: 7, Data: text} },
		"a reject":         func(text pdu.Text) pdu.PDU { return &pdu.Reject{Data: text} },
		"an async message": func(text pdu.Text) pdu.PDU { return &pdu.AsyncMessage{Data: text} },
	} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			var mu sync.Mutex
			var seen strings.Builder
			d.Trace = func(e initiator.TraceEvent) {
				mu.Lock()
				defer mu.Unlock()
				b, err := e.PDU.AppendBinary(nil)
				if err != nil {
					t.Error(err)
				}
				seen.Write(b)
			}
			target, proof := full(), ""
			target.Respond = func(_, response pdu.PDU) iscsitest.Step {
				m, ok := response.(*pdu.LoginResponse)
				if !ok || !strings.Contains(string(m.Data), "CHAP_R=") {
					return nil
				}
				proof = valueOf(m.Data, "CHAP_R")
				return iscsitest.Mutate(as(m.Data), func(b []byte) []byte { return b })
			}
			if r, _ := discover(t, d, withAll(scene.Portal(n, scene.Where, target))); r.Err == nil {
				t.Errorf("%s: taken for a login", name)
			}
			if len(proof) < 16 || !strings.Contains(seen.String(), "CHAP_R=***") || strings.Contains(seen.String(), proof[8:16]) {
				t.Errorf("%s: the trace shows %q of %q", name, seen.String(), proof)
			}
		})
	}
}

// TestTraceMasksAnySpelling: a response of CHAP under a key in lower case, or with
// something before the key, shows in no trace, as it shows in no capture (issue 13, 10).
func TestTraceMasksAnySpelling(t *testing.T) {
	t.Parallel()
	for _, spelled := range []string{"chap_r=", "Chap_R=", " CHAP_R=", "X=CHAP_R="} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			var mu sync.Mutex
			var seen strings.Builder
			d.Trace = func(e initiator.TraceEvent) {
				mu.Lock()
				defer mu.Unlock()
				b, err := e.PDU.AppendBinary(nil)
				if err != nil {
					t.Error(err)
				}
				seen.Write(b)
			}
			target, proof := full(), ""
			target.Respond = func(_, response pdu.PDU) iscsitest.Step {
				m, ok := response.(*pdu.LoginResponse)
				if !ok || !strings.Contains(string(m.Data), "CHAP_R=") {
					return nil
				}
				proof = valueOf(m.Data, "CHAP_R")
				other := *m
				other.Data = pdu.Text(strings.Replace(string(m.Data), "CHAP_R=", spelled, 1))
				return iscsitest.Mutate(&other, func(b []byte) []byte { return b })
			}
			r, _ := discover(t, d, withAll(scene.Portal(n, scene.Where, target)))
			if r.Err == nil || len(proof) < 16 || strings.Contains(r.Err.Error(), proof[8:16]) {
				t.Errorf("%q: got %v", spelled, r.Err)
			}
			if strings.Contains(seen.String(), proof[8:16]) {
				t.Errorf("%q: the trace shows %q of %q", spelled, seen.String(), proof)
			}
		})
	}
}
