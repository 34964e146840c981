package capture

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// A fakeConn is a connection to a target that has sent what it will ever send.
type fakeConn struct {
	net.Conn
	answers []byte
}

func (c *fakeConn) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1024} }

func (c *fakeConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 3260} }

func (c *fakeConn) Close() error { return nil }

func (c *fakeConn) Write(b []byte) (int, error) { return len(b), nil }

func (c *fakeConn) Read(b []byte) (int, error) {
	n := copy(b, c.answers)
	c.answers = c.answers[n:]
	return n, nil
}

// captured returns the capture of a connection on which we send requests, of which
// the target has sent answers before the last.
func captured(t *testing.T, answers []byte, requests ...[]byte) string {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, false)
	if err != nil {
		t.Fatal(err)
	}
	fake := &fakeConn{answers: answers}
	nc := w.Conn(fake)
	for i, request := range requests {
		if i == len(requests)-1 && i > 0 {
			readAll(nc, fake, len(answers))
		}
		if _, err := nc.Write(request); err != nil {
			t.Fatal(err)
		}
	}
	readAll(nc, fake, len(answers))
	if err := nc.Close(); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

func readAll(nc net.Conn, fake *fakeConn, size int) {
	for len(fake.answers) > 0 {
		_, _ = nc.Read(make([]byte, size))
	}
}

// raw returns the bytes of a PDU.
func raw(t *testing.T, p pdu.PDU) []byte {
	t.Helper()
	b, err := p.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestMaskAnythingBeforeFullFeature (issue 13, 10): until we send a request that is no
// login, the target's response of CHAP is in no capture, in whatever it is sent. From
// then on nothing is overwritten.
func TestMaskAnythingBeforeFullFeature(t *testing.T) {
	t.Parallel()
	const secret = "0x0123456789abcdef0123"
	const text = "CHAP_N=tgt\x00CHAP_R=" + secret + "\x00"
	filler := strings.Repeat("X=y\x00", 3000)
	begin := raw(t, &pdu.LoginRequest{Data: pdu.Text("AuthMethod=CHAP\x00")})
	ask := raw(t, &pdu.TextRequest{Final: true, Data: pdu.Text("SendTargets=All\x00")})
	long := raw(t, &pdu.LoginResponse{Data: pdu.Text(filler + text)})
	short := raw(t, &pdu.LoginResponse{Data: pdu.Text("X=y\x00")})
	withAHS := append(bytes.Clone(long[:pdu.HeaderLen]), "CHAP_R=0x01234567"[:16]...)
	withAHS[4] = 4
	for name, answers := range map[string][]byte{
		"a login response over 8192 bytes":        long,
		"its text before it is long":              raw(t, &pdu.LoginResponse{Data: pdu.Text(text + filler)}),
		"a text response":                         raw(t, &pdu.TextResponse{Final: true, Data: pdu.Text(text)}),
		"a NOP-In":                                raw(t, &pdu.NOPIn{Data: []byte(text)}),
		"a reject":                                raw(t, &pdu.Reject{Data: []byte(text)}),
		"an async message":                        raw(t, &pdu.AsyncMessage{Data: []byte(text)}),
		"a reject, then a login":                  append(raw(t, &pdu.Reject{Data: make([]byte, pdu.HeaderLen)}), login(t, text, 25)...),
		"a request":                               raw(t, &pdu.TextRequest{Final: true, Data: pdu.Text(text)}),
		"no PDU":                                  []byte(text + strings.Repeat(secret, 9)),
		"an unknown PDU":                          append(bytes.Repeat([]byte{0x3e}, pdu.HeaderLen), text...),
		"behind the data that its header counts":  append(bytes.Clone(short), text...),
		"an additional header segment":            withAHS,
		"another case":                            raw(t, &pdu.LoginResponse{Data: pdu.Text("chap_r=" + secret)}),
		"behind what ends the login":              append(raw(t, &pdu.LoginResponse{Transit: true, CSG: 1, NSG: 3}), raw(t, &pdu.LoginResponse{Data: pdu.Text(text)})...),
		"in what ends the login":                  raw(t, &pdu.LoginResponse{Transit: true, CSG: 1, NSG: 3, Data: pdu.Text(text)}),
		"a pair that the PDU before left without": append(raw(t, &pdu.LoginResponse{Data: pdu.Text("CHAP_N=t")}), long...),
	} {
		file := captured(t, answers, begin)
		for i := 0; i+4 <= len("0123456789abcdef"); i++ {
			if part := secret[2+i : 6+i]; strings.Contains(file, part) {
				t.Errorf("%s: the capture has %q of the response", name, part)
				break
			}
		}
	}
	if file := captured(t, raw(t, &pdu.TextResponse{Final: true, Data: pdu.Text(text)}), begin, ask[:4], ask[4:]); !strings.Contains(file, "CHAP_R=********") || !strings.Contains(file, "SendTargets=All") {
		t.Error("a request was taken for whole before it was, or the capture has not what we sent")
	}
	if file := captured(t, raw(t, &pdu.TextResponse{Final: true, Data: pdu.Text(text)}), append(begin, ask...)); !strings.Contains(file, text) {
		t.Error("in full feature phase an answer was changed")
	}
	proof := raw(t, &pdu.LoginRequest{Data: pdu.Text(text)})
	if file := captured(t, nil, proof[:50], proof[50:70], proof[70:]); strings.Contains(file, "0123") {
		t.Error("the capture has our response")
	}
}
