//go:build linux

package iscsiadm

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
)

// What iscsiadm asks iscsid, and what it gets: the question's number, an error
// number, and a text, all in a fixed length.
const (
	iscsidSocket  = "@ISCSIADM_ABSTRACT_NAMESPACE" // one for each network namespace
	askName       = 8
	askConfigFile = 10

	iscsidRefuses   = 5 // login failed: what callers see who log in
	iscsidAnswerLen = 8 + 32768
)

// startIscsid answers what iscsiadm asks iscsid before a discovery, and refuses
// everything else, such as a login. The kernel's initiator, which iscsid would
// need, belongs to the whole machine.
func startIscsid(t *testing.T) {
	t.Helper()
	l, err := net.Listen("unix", iscsidSocket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil {
				go answerIscsiadm(conn)
			}
		}
	}()
}

// answerIscsiadm answers one question. An iscsiadm that ends early gets none.
func answerIscsiadm(conn net.Conn) {
	defer conn.Close()
	var question [4]byte
	if _, err := io.ReadFull(conn, question[:]); err != nil {
		return
	}
	order := binary.NativeEndian
	asked := order.Uint32(question[:])
	answer := make([]byte, iscsidAnswerLen)
	order.PutUint32(answer, asked)
	switch asked {
	case askName:
		copy(answer[8:], initiator)
	case askConfigFile:
		copy(answer[8:], configFile)
	default:
		order.PutUint32(answer[4:], iscsidRefuses)
	}
	if _, err := conn.Write(answer); err != nil {
		return
	}
	// iscsiadm has sent more than the number. Closed with that unread, the
	// connection would be reset, and the answer lost.
	_, _ = io.Copy(io.Discard, conn)
}
