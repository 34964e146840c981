package initiator_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/pkg/auth"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/initiator/internal/scene"
	"github.com/go-iscsi/discovery/pkg/pdu"
	"github.com/go-iscsi/discovery/test/iscsitest"
)

// atKey is a target that takes a step in the place of its answer to the request
// that has a key, and otherwise does CHAP with our secrets.
func atKey(key, algorithm string, step iscsitest.Step) *iscsitest.Target {
	t := scene.CHAPTarget(algorithm)
	t.Respond = func(request, _ pdu.PDU) iscsitest.Step {
		if m, ok := request.(*pdu.LoginRequest); ok && keysOf(m)[key] != "" {
			return step
		}
		return nil
	}
	return t
}

// confused is a target that takes the algorithm alone, computes something else
// under it, and so refuses the response with a status. tgt does that with 7.
func confused(algorithm string, status pdu.Status) *iscsitest.Target {
	return atKey("CHAP_R", algorithm, refusal(status))
}

// refusal is a Login Response with a status.
func refusal(status pdu.Status) iscsitest.Step {
	return iscsitest.Send(&pdu.LoginResponse{Status: status})
}

// closeWithinPDU is a close within a PDU.
func closeWithinPDU() iscsitest.Step {
	return iscsitest.Steps(iscsitest.SendRaw(make([]byte, 20)), iscsitest.Close())
}

// chapOffers returns CHAP_A of each session with a portal.
func chapOffers(n *iscsitest.Network, portal string) (all []string) {
	for _, s := range n.Sessions(netip.MustParseAddrPort(portal)) {
		offer, _ := s.Key("CHAP_A")
		all = append(all, offer)
	}
	return all
}

const allAlgorithms = "SHA3-256,SHA-256,SHA-1,MD5"

// TestFallback: wherever the algorithm may be at fault, MD5 alone is tried once
// more, and the warning says what happened before.
func TestFallback(t *testing.T) {
	t.Parallel()
	const (
		worked = "; MD5 alone worked"
		noList = worked + " (LIO before Linux 3.15 and some Synology models accept no list)"
		scst   = worked + " (SCST before January 2026 computes an empty digest for SHA3-256)"
		tgt    = worked + " (tgt computes SHA-1 under SHA-256's number)"
	)
	tests := []struct {
		name    string
		first   *iscsitest.Target
		warning string
	}{
		{name: "list, 0201", first: atKey("CHAP_A", "", refusal(0x0201)), warning: "the target refused the list of algorithms " + allAlgorithms + noList},
		{name: "list, 0200", first: atKey("CHAP_A", "", refusal(0x0200)), warning: "the target refused the list of algorithms " + allAlgorithms + noList},
		{name: "list rejected", first: atKey("CHAP_A", "", reply("0", "CHAP_A=Reject")), warning: "the target refused the list of algorithms " + allAlgorithms + " (CHAP_A=Reject)" + worked},
		{name: "list rejected, with T", first: atKey("CHAP_A", "", reply("0>1", "CHAP_A=Reject")), warning: "the target refused the list of algorithms " + allAlgorithms + " (CHAP_A=Reject)" + worked},
		{name: "list not understood", first: atKey("CHAP_A", "", reply("0", "CHAP_A=NotUnderstood")), warning: "the target refused the list of algorithms " + allAlgorithms + " (CHAP_A=NotUnderstood)" + worked},
		{name: "list irrelevant", first: atKey("CHAP_A", "", reply("0", "CHAP_A=Irrelevant")), warning: "the target refused the list of algorithms " + allAlgorithms + " (CHAP_A=Irrelevant)" + worked},
		{name: "list, closed", first: atKey("CHAP_A", "", iscsitest.Close()), warning: "the target closed the connection at the list of algorithms " + allAlgorithms + worked},
		{name: "list, closed within a PDU", first: atKey("CHAP_A", "", closeWithinPDU()), warning: "the target closed the connection at the list of algorithms " + allAlgorithms + worked},
		{name: "list, closed within the answer", first: atKey("CHAP_A", "", iscsitest.Steps(reply("0+", "CHAP_A=8"), iscsitest.Check(func(*pdu.LoginRequest) error { return nil }), iscsitest.Close())), warning: "the target closed the connection at the list of algorithms " + allAlgorithms + worked},

		{name: "SHA3-256, 0201", first: confused("8", 0x0201), warning: "the target chose SHA3-256 and refused our response" + scst},
		{name: "SHA3-256, 0200", first: confused("8", 0x0200), warning: "the target chose SHA3-256 and refused our response" + scst},
		{name: "SHA-256, 0201", first: confused("7", 0x0201), warning: "the target chose SHA-256 and refused our response" + tgt},
		{name: "SHA-256, 0200", first: confused("7", 0x0200), warning: "the target chose SHA-256 and refused our response" + tgt},
		{name: "SHA-1, 0201", first: confused("6", 0x0201), warning: "the target chose SHA-1 and refused our response" + worked},
		{name: "SHA-1, 0200", first: confused("6", 0x0200), warning: "the target chose SHA-1 and refused our response" + worked},
		{name: "response rejected", first: atKey("CHAP_R", "8", reply("0", "CHAP_R=Reject")), warning: "the target chose SHA3-256 and refused our response (CHAP_R=Reject)" + worked},
		{name: "response rejected, with T", first: atKey("CHAP_R", "8", reply("0>1", "CHAP_R=Reject")), warning: "the target chose SHA3-256 and refused our response (CHAP_R=Reject)" + worked},
		{name: "name rejected", first: atKey("CHAP_R", "7", reply("0", "CHAP_N=Reject")), warning: "the target chose SHA-256 and refused our response (CHAP_N=Reject)" + worked},
		{name: "algorithm rejected late", first: atKey("CHAP_R", "7", reply("0", "CHAP_A=Reject")), warning: "the target chose SHA-256 and refused our response (CHAP_A=Reject)" + worked},
		{name: "response, closed", first: atKey("CHAP_R", "7", iscsitest.Close()), warning: "the target chose SHA-256 and closed the connection at our response" + worked},
		{name: "response, closed within a PDU", first: atKey("CHAP_R", "6", closeWithinPDU()), warning: "the target chose SHA-1 and closed the connection at our response" + worked},
	}
	for _, tt := range tests {
		for name, ask := range map[string]func(initiator.SendTargetPortal) initiator.SendTargetPortal{"one-way": scene.OneWay, "mutual": scene.Mutual} {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				t.Parallel()
				scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
					r, took := discover(t, d, ask(scene.Portal(n, scene.Where, tt.first, scene.CHAPTarget(""))))
					scene.Judge(t, r.Err, scene.Outcome{})
					if diff := cmp.Diff([]string{"8,7,6,5", "5"}, chapOffers(n, scene.Where)); diff != "" || took != 0 {
						t.Errorf("took %s; offers (-want +got):\n%s", took, diff)
					}
					want := []initiator.Warning{{Code: initiator.WarnCHAPFallback, Message: tt.warning}}
					if diff := cmp.Diff(want, r.Warnings); diff != "" {
						t.Errorf("warnings (-want +got):\n%s", diff)
					}
					if r.Auth.Method != "CHAP" || r.Auth.Algorithm != auth.MD5 || r.Auth.Mutual != (name == "mutual") || len(r.Targets) != 1 {
						t.Errorf("outcome %+v, targets %v", r.Auth, r.Targets)
					}
				})
			})
		}
	}
}

// TestFallbackOffer: MD5 is tried alone where it is in the list, at whatever place.
func TestFallbackOffer(t *testing.T) {
	t.Parallel()
	for _, list := range [][]auth.Algorithm{{auth.SHA256, auth.MD5}, {auth.MD5, auth.SHA256}} {
		scene.Play(t, func(t *testing.T, n *iscsitest.Network, d *initiator.Discoverer) {
			p := scene.OneWay(scene.Portal(n, scene.Where, confused("7", 0x0201), scene.CHAPTarget("")))
			p.Login.CHAPAlgorithms = list
			r, _ := discover(t, d, p)
			scene.Judge(t, r.Err, scene.Outcome{})
			if got := chapOffers(n, scene.Where); len(got) != 2 || got[1] != "5" || r.Auth.Algorithm != auth.MD5 {
				t.Errorf("offers %q, outcome %+v", got, r.Auth)
			}
		})
	}
}

// TestFallbackTCP: the same where real sockets are closed and reset.
func TestFallbackTCP(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"CHAP_A", "CHAP_R"} {
		for name, step := range map[string]iscsitest.Step{"close": iscsitest.Close(), "reset": iscsitest.Reset()} {
			t.Run(fmt.Sprintf("%s at %s", name, key), func(t *testing.T) {
				t.Parallel()
				server := iscsitest.Listen(t, atKey(key, "", step), scene.CHAPTarget(""))
				r, _ := discover(t, scene.NewDiscoverer(), scene.OneWay(scene.At(server.Addr)))
				scene.Judge(t, r.Err, scene.Outcome{})
				if r.Auth.Algorithm != auth.MD5 || scene.Warned(r, initiator.WarnCHAPFallback) != 1 {
					t.Errorf("outcome %+v, warnings %v", r.Auth, r.Warnings)
				}
			})
		}
	}
}
