package targets_test

import (
	"io"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-iscsi/discovery/test/targets"
)

func TestCapture(t *testing.T) {
	for _, addr := range addrs() {
		t.Run(addr.String(), func(t *testing.T) {
			g := targets.StartTgt(t, targets.TgtConfig{Addrs: []netip.Addr{addr}, Discovery: mutual})
			c := targets.StartCapture(t, targets.CaptureConfig{Port: g.Portals[0].Port()})
			targets.IscsiLs(t, mutual.URL(g.Portals[0]), mutual.Env()...)
			j := c.Judge()
			for _, p := range j.Problems {
				t.Error(p)
			}
			var got []string
			for _, p := range j.PDUs {
				got = append(got, p.Name)
			}
			want := slices.Repeat([]string{"Login Command", "Login Response"}, 4)
			want = append(want, "Text Command", "Text Response", "Logout Command", "Logout Response")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("PDUs: want (-) and got (+):\n%s", diff)
			}
			first, answer := j.PDUs[0], j.PDUs[9]
			if first.To != g.Portals[0] || first.Opcode != 0x03 || !first.Immediate {
				t.Errorf("first PDU: got to %s, opcode %#x, immediate %t", first.To, first.Opcode, first.Immediate)
			}
			if got, want := first.Field("iscsi.login.csg"), "0x00"; got != want {
				t.Errorf("first PDU: got CSG %q, want %q", got, want)
			}
			want = []string{"TargetName=" + g.Targets[0], "TargetAddress=" + g.Portals[0].String() + ",1"}
			if diff := cmp.Diff(want, answer.Fields["iscsi.keyvalue"]); diff != "" {
				t.Errorf("keys of the Text Response: want (-) and got (+):\n%s", diff)
			}
		})
	}
}

// What is no iSCSI, or a bad one, has to be noticed, or a good judgement would
// mean nothing.
func TestCaptureProblems(t *testing.T) {
	login := make([]byte, 48)
	login[0], login[1], login[7] = 0x43, 0x87, 32
	for _, tt := range []struct {
		name string
		sent []byte
	}{
		{name: "text without end", sent: append(slices.Clone(login), "InitiatorName=iqn.2026-01.test:a"...)},
		{name: "no iSCSI", sent: []byte("GET / HTTP/1.0\r\nHost: a very long name, for a header's sake\r\n\r\n")},
		{name: "half a PDU", sent: login},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			to := netip.MustParseAddrPort(l.Addr().String())
			c := targets.StartCapture(t, targets.CaptureConfig{Port: to.Port()})
			send(t, l, tt.sent)
			j := c.Judge()
			if len(j.Problems) == 0 {
				t.Errorf("got no problem and PDUs %v, want a problem", j.PDUs)
			}
			for _, p := range j.Problems {
				t.Log(p)
			}
		})
	}
}

// send sends bytes to a listener and waits until they are there.
func send(t *testing.T, l net.Listener, b []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if _, err := io.ReadAll(peer); err != nil {
		t.Fatal(err)
	}
}

func TestCaptureLongList(t *testing.T) {
	g := targets.StartTgt(t, targets.TgtConfig{Targets: targets.Names("tgt", 1000)})
	c := targets.StartCapture(t, targets.CaptureConfig{Port: g.Portals[0].Port()})
	targets.IscsiLs(t, g.URL())
	j := c.Judge()
	for _, p := range j.Problems {
		t.Error(p)
	}
	keys := 0
	for _, p := range j.PDUs {
		if p.Name == "Text Response" {
			keys += len(p.Fields["iscsi.keyvalue"])
		}
	}
	if want := 2 * len(g.Targets); keys != want {
		t.Errorf("got %d keys in Text Responses, want %d", keys, want)
	}
}
