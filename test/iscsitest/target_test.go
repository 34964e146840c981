package iscsitest_test

import (
	"crypto/md5"
	"encoding/hex"
	"testing"
	"testing/synctest"

	"github.com/go-iscsi/discovery/pkg/pdu"
	. "github.com/go-iscsi/discovery/test/iscsitest"
)

var records = []Record{
	{Name: "iqn.2026-01.test:one", Addresses: []string{"192.0.2.1:3260,1", "[2001:db8::1]:3260,2"}},
	{Name: "iqn.2026-01.test:two"},
}

const recordsText = "TargetName=iqn.2026-01.test:one\x00" +
	"TargetAddress=192.0.2.1:3260,1\x00" +
	"TargetAddress=[2001:db8::1]:3260,2\x00" +
	"TargetName=iqn.2026-01.test:two\x00"

func TestTarget(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		target Target
	}{
		{name: "plain", target: Target{}},
		{name: "StatSN wraps", target: Target{FirstStatSN: 0xfffffffe}},
		{name: "header digest", target: Target{HeaderDigest: true}},
		{name: "data digest", target: Target{DataDigest: true}},
		{name: "both digests, in pieces", target: Target{HeaderDigest: true, DataDigest: true, MaxText: 40}},
		{name: "between pairs", target: Target{MaxText: 40}},
		{name: "one pair at least", target: Target{MaxText: 1}},
		{name: "anywhere", target: Target{MaxText: 7, Split: SplitAnywhere}},
		{name: "one byte of text at a time", target: Target{MaxText: 1, Split: SplitAnywhere}},
		{name: "NOP-In", target: Target{MaxText: 40, NOPIn: true}},
		{name: "trickle", target: Target{Respond: func(_, response pdu.PDU) Step { return Trickle(response) }}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.target.Records = records
			i := newInitiator(t, Pipe(t, &tt.target))
			if got := i.discover(); got != recordsText {
				t.Errorf("got  %q\nwant %q", got, recordsText)
			}
		})
	}
}

// The two ways to cut an answer, and what an initiator has to copy.
func TestTargetSplits(t *testing.T) {
	t.Parallel()
	tests := []struct {
		split Split
		want  []string
	}{
		{split: SplitPairs, want: []string{
			"TargetName=iqn.2026-01.test:one\x00",
			"TargetAddress=192.0.2.1:3260,1\x00",
			"TargetAddress=[2001:db8::1]:3260,2\x00",
			"TargetName=iqn.2026-01.test:two\x00",
		}},
		{split: SplitAnywhere, want: []string{recordsText[:40], recordsText[40:80], recordsText[80:120], recordsText[120:]}},
	}
	for _, tt := range tests {
		i := newInitiator(t, Pipe(t, &Target{Records: records, MaxText: 40, Split: tt.split}))
		i.send(i.login())
		receive[*pdu.LoginResponse](i)
		m := i.sendTargets()
		for n, want := range tt.want {
			i.send(m)
			r := receive[*pdu.TextResponse](i)
			last := n == len(tt.want)-1
			if string(r.Data) != want || r.Final != last || r.Continue != (tt.split == SplitAnywhere && !last) {
				t.Errorf("split %d: got %q F=%t C=%t, want %q", tt.split, r.Data, r.Final, r.Continue, want)
			}
			if last != (r.TTT == pdu.NoTag) || last != (r.LUN == 0) {
				t.Errorf("split %d: got TTT %#x and LUN %#x in response %d", tt.split, r.TTT, r.LUN, n)
			}
			m.TTT, m.LUN, m.ExpStatSN, m.Data = r.TTT, r.LUN, i.next, nil
		}
	}
}

func TestTargetOneName(t *testing.T) {
	t.Parallel()
	i := newInitiator(t, Pipe(t, &Target{Records: records}))
	i.send(i.login())
	receive[*pdu.LoginResponse](i)
	m := i.sendTargets()
	m.Data = Text("SendTargets=iqn.2026-01.test:two")
	i.send(m)
	if got, want := string(receive[*pdu.TextResponse](i).Data), "TargetName=iqn.2026-01.test:two\x00"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A target negotiates what it is asked, and declares its own.
func TestTargetNegotiates(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		target Target
		offer  pdu.Text
		want   string
	}{
		{name: "nothing", want: "TargetPortalGroupTag=0\x00"},
		{name: "tag", target: Target{PortalGroupTag: 65535}, want: "TargetPortalGroupTag=65535\x00"},
		{
			name: "None alone", target: Target{HeaderDigest: true}, offer: Text("HeaderDigest=None"),
			want: "TargetPortalGroupTag=0\x00HeaderDigest=None\x00",
		},
		{
			name: "second choice", target: Target{HeaderDigest: true}, offer: Text("HeaderDigest=None,CRC32C"),
			want: "TargetPortalGroupTag=0\x00HeaderDigest=CRC32C\x00",
		},
		{
			name: "no agreement", offer: Text("DataDigest=CRC32C"),
			want: "TargetPortalGroupTag=0\x00DataDigest=Reject\x00",
		},
		{
			name: "optional keys", offer: Text("DefaultTime2Wait=2", "DefaultTime2Retain=0", "ErrorRecoveryLevel=0", "MaxConnections=1", "MaxRecvDataSegmentLength=512"),
			want: "TargetPortalGroupTag=0\x00DefaultTime2Wait=2\x00DefaultTime2Retain=0\x00ErrorRecoveryLevel=0\x00MaxConnections=Irrelevant\x00MaxRecvDataSegmentLength=8192\x00",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i := newInitiator(t, Pipe(t, &tt.target))
			m := i.login()
			m.Data = append(Text(firstKeys, "SessionType=Discovery"), tt.offer...)
			i.send(m)
			if got := string(receive[*pdu.LoginResponse](i).Data); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// A refusal, or a redirection, is all that an initiator hears.
func TestTargetRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		target Target
		status pdu.Status
		data   string
	}{
		{name: "status", target: Target{Status: pdu.StatusOutOfResources}, status: pdu.StatusOutOfResources},
		{
			name: "redirect", target: Target{Redirect: "192.0.2.9:3260"}, status: pdu.StatusMovedTemporarily,
			data: "TargetAddress=192.0.2.9:3260\x00",
		},
		{
			name: "for ever", target: Target{Redirect: "a", Status: pdu.StatusMovedPermanently}, status: pdu.StatusMovedPermanently,
			data: "TargetAddress=a\x00",
		},
		{name: "without CHAP", target: Target{User: "u", Secret: "s"}, status: pdu.StatusAuthFailure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i := newInitiator(t, Pipe(t, &tt.target))
			i.send(i.login())
			r := receive[*pdu.LoginResponse](i)
			if r.Status != tt.status || string(r.Data) != tt.data || r.Transit {
				t.Errorf("got %s %q T=%t, want %s %q", r.Status, r.Data, r.Transit, tt.status, tt.data)
			}
		})
	}
}

// The example of CHAP: an initiator that computes on its own account.
func TestTargetCHAP(t *testing.T) {
	t.Parallel()
	target := Target{User: "alice", Secret: "one secret", MutualUser: "bob", MutualSecret: "another secret", Algorithm: "5", Records: records}
	tests := []struct {
		name   string
		target Target
		user   string
		secret string
		offer  string
		mutual bool
		status pdu.Status
	}{
		{name: "one way", target: target, user: "alice", secret: "one secret", offer: "8,5"},
		{name: "mutual", target: target, user: "alice", secret: "one secret", offer: "5", mutual: true},
		{name: "another user", target: target, user: "bob", secret: "one secret", offer: "5", status: pdu.StatusAuthFailure},
		{name: "another secret", target: target, user: "alice", secret: "one Secret", offer: "5", status: pdu.StatusAuthFailure},
		{name: "another algorithm", target: target, user: "alice", secret: "one secret", offer: "7", status: pdu.StatusAuthFailure},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i := newInitiator(t, Pipe(t, &tt.target))
			m := i.login()
			m.Transit, m.CSG, m.NSG = false, security, 0
			step := func(pairs ...string) map[string]string {
				t.Helper()
				m.Data = append(m.Data[:0:0], Text(pairs...)...)
				i.send(m)
				r := receive[*pdu.LoginResponse](i)
				m.ExpStatSN = i.next
				if r.Status != pdu.StatusSuccess {
					if r.Status != tt.status {
						t.Errorf("got %s, want %s", r.Status, tt.status)
					}
					return nil
				}
				if r.Transit {
					m.CSG, m.NSG = r.NSG, full
				}
				return values(t, r.Data)
			}
			md5sum := func(id byte, secret string, challenge []byte) string {
				sum := md5.Sum(append(append([]byte{id}, secret...), challenge...))
				return "0x" + hex.EncodeToString(sum[:])
			}
			if got := step(firstKeys, "SessionType=Discovery", "AuthMethod=CHAP"); got["AuthMethod"] != "CHAP" {
				t.Fatalf("got %v, want CHAP", got)
			}
			got := step("CHAP_A=" + tt.offer)
			if got == nil {
				return
			}
			id, err := pdu.ParseNumber([]byte(got["CHAP_I"]))
			if err != nil {
				t.Fatal(err)
			}
			challenge, err := hex.DecodeString(got["CHAP_C"][2:])
			if err != nil {
				t.Fatal(err)
			}
			answer := []string{"CHAP_N=" + tt.user, "CHAP_R=" + md5sum(byte(id), tt.secret, challenge)}
			if tt.mutual {
				answer = append(answer, "CHAP_I=42", "CHAP_C=0x000102")
			}
			m.Transit, m.NSG = true, operational
			got = step(answer...)
			if got == nil {
				return
			}
			if tt.mutual && (got["CHAP_N"] != "bob" || got["CHAP_R"] != md5sum(42, "another secret", []byte{0, 1, 2})) {
				t.Errorf("got %v, want the target's own CHAP", got)
			}
			step()
			if got := i.ask(i.sendTargets()); got != recordsText {
				t.Errorf("got  %q\nwant %q", got, recordsText)
			}
			if tt.status != pdu.StatusSuccess {
				t.Errorf("got in, want %s", tt.status)
			}
		})
	}
}

func TestTargetNoLogout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newInitiator(t, Pipe(t, &Target{NoLogout: true}))
		i.send(i.login())
		receive[*pdu.LoginResponse](i)
		i.send(i.logout())
		i.hearsNothing()
	})
}

// The hashes of CHAP: identifier, secret and challenge together are "abc".
func TestCHAPResponse(t *testing.T) {
	t.Parallel()
	for algorithm, want := range map[string]string{
		"5": "900150983cd24fb0d6963f7d28e17f72",
		"6": "a9993e364706816aba3e25717850c26c9cd0d89d",
		"7": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"8": "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
	} {
		if got := hex.EncodeToString(CHAPResponse(algorithm, 'a', "b", []byte("c"))); got != want {
			t.Errorf("algorithm %s: got %s, want %s", algorithm, got, want)
		}
	}
}
