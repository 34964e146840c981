package iscsitest_test

import (
	"net"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
	. "github.com/go-iscsi/discovery/test/iscsitest"
)

// wholeScript is a whole discovery in which all goes well.
var wholeScript = Script{
	Expect(&pdu.LoginRequest{Transit: true, CSG: pdu.LoginOperationalNegotiation, NSG: pdu.FullFeaturePhase}),
	Send(&pdu.LoginResponse{Transit: true, CSG: pdu.LoginOperationalNegotiation, NSG: pdu.FullFeaturePhase}),
	Expect(&pdu.TextRequest{Final: true, Data: Text("SendTargets=All")}),
	Send(&pdu.NOPIn{TTT: 5}),
	Expect(&pdu.NOPOut{}),
	Send(&pdu.TextResponse{TTT: 6, Continue: true, Data: pdu.Text("TargetNa")}),
	Expect(&pdu.TextRequest{Final: true, Data: Text()}),
	Send(&pdu.TextResponse{Final: true, Data: pdu.Text("me=a\x00")}),
	Expect(&pdu.LogoutRequest{}),
	Send(&pdu.LogoutResponse{}),
}

func TestScript(t *testing.T) {
	t.Parallel()
	for range 2 { // a script can be run again
		if got, want := newInitiator(t, Pipe(t, wholeScript)).discover(), "TargetName=a\x00"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// serve runs a handler against an initiator and returns the handler's error.
func serve(t *testing.T, h Handler, initiate func(*initiator)) error {
	t.Helper()
	ours, theirs := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- Serve(theirs, h) }()
	func() {
		defer ours.Close() // also where the initiator gives up
		initiate(newInitiator(t, ours))
	}()
	return <-done
}

func TestScriptFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		script   Script
		initiate func(*initiator)
		want     string
	}{
		{
			name:     "the initiator goes",
			script:   Script{Expect(&pdu.LoginRequest{})},
			initiate: func(*initiator) {},
			want:     "step 1 of the script: waiting for a Login Request: EOF",
		},
		{
			name:     "other flags",
			script:   Script{Expect(&pdu.LoginRequest{})},
			initiate: func(i *initiator) { i.send(i.login()) },
			want:     "want Login Request T=false C=false CSG=0 NSG=0 (any data)",
		},
		{
			name: "other data",
			script: Script{Expect(&pdu.LoginRequest{
				Transit: true, CSG: pdu.LoginOperationalNegotiation, NSG: pdu.FullFeaturePhase, Data: Text("A=1", "B=2"),
			})},
			initiate: func(i *initiator) { i.send(i.login()) },
			want:     `want Login Request T=true C=false CSG=1 NSG=3 "A=1 B=2"`,
		},
		{
			name:     "another type",
			script:   Script{Check(func(*pdu.TextRequest) error { return nil })},
			initiate: func(i *initiator) { i.send(i.login()) },
			want:     "want a *pdu.TextRequest",
		},
		{
			name:     "a word after the end",
			script:   Script{},
			initiate: func(i *initiator) { i.send(i.login()) },
			want:     "the initiator was to close, but sent Login Request",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := serve(t, tt.script, tt.initiate)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}
