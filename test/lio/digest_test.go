//go:build linux

package lio

import (
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/login"
	"github.com/go-iscsi/discovery/test/targets"
	"github.com/go-iscsi/discovery/test/uml"
)

// Wireshark shows a digest where it has found it right.
const (
	headerDigest = "iscsi.headerdigest32"
	dataDigest   = "iscsi.datadigest32"
)

// testDigests: whatever is asked for is really on, both ways.
func (w *world) testDigests(t *testing.T) {
	types := []login.DigestType{login.DigestNone, login.DigestCRC32C, login.DigestPreferCRC32C}
	for _, header := range types {
		for _, data := range types {
			t.Run(header.String()+" "+data.String(), func(t *testing.T) {
				capture := w.capture(t)
				p := at(w.portals()[0])
				p.Login.Specified = login.SpecifiedHeaderDigest | login.SpecifiedDataDigest
				p.Login.HeaderDigest, p.Login.DataDigest = header, data
				same(t, everywhere(w.names, w.portals()...), found(discover(t, p)))
				judgement := capture.Judge()
				checkOurs(t, judgement)
				texts := 0
				for _, p := range judgement.PDUs {
					if p.Name != "Text Command" && p.Name != "Text Response" {
						continue
					}
					texts++
					for field, asked := range map[string]login.DigestType{headerDigest: header, dataDigest: data} {
						if got, want := p.Field(field) != "", asked != login.DigestNone; got != want {
							t.Errorf("%s has %s: %t, want %t", p.Name, field, got, want)
						}
					}
				}
				if texts != 2 {
					t.Errorf("got %d texts, want a command and a response", texts)
				}
			})
		}
	}
}

// testWire has Wireshark judge our bytes with all that there can be in them.
func (w *world) testWire(t *testing.T) {
	defer w.lio.Open(t)
	w.lio.MutualCHAP(t, user, secret, targetUser, targetSecret)
	for _, portal := range w.portals() {
		capture := w.capture(t)
		p := at(portal)
		p.Login = mutual()
		p.Login.Specified |= login.SpecifiedHeaderDigest | login.SpecifiedDataDigest
		p.Login.HeaderDigest, p.Login.DataDigest = login.DigestCRC32C, login.DigestCRC32C
		same(t, everywhere(w.names, w.portals()...), found(discover(t, p)))
		judgement := capture.Judge()
		checkOurs(t, judgement)
		// Four of the login, one of the text, one of the logout, and as many back.
		if got := len(judgement.PDUs); got != 12 {
			t.Errorf("%s: got %d PDUs, want 12", portal, got)
		}
	}
}

// checkOurs checks what Wireshark holds of what we sent.
func checkOurs(t *testing.T, j *targets.Judgement) {
	t.Helper()
	for _, problem := range j.Problems {
		t.Errorf("Wireshark: %s", problem)
	}
	sent := 0
	for _, p := range j.PDUs {
		if p.To.Port() != uml.LIOPort {
			continue
		}
		sent++
		if !p.Immediate {
			t.Errorf("frame %d: %s is not immediate", p.Frame, p.Name)
		}
	}
	if sent == 0 {
		t.Error("nothing of ours was captured")
	}
}
