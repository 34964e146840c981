package app

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/go-iscsi/discovery/cmd/internal/terminal"
	"github.com/go-iscsi/discovery/pkg/initiator"
	"github.com/go-iscsi/discovery/pkg/pdu"
)

// Tracer returns a function that prints each PDU: a line of what its header
// says, then a line for each pair of its text. Responses of CHAP come masked.
func Tracer(w io.Writer) func(initiator.TraceEvent) {
	var mu sync.Mutex // guards buf, which is kept for the next
	var buf bytes.Buffer
	return func(e initiator.TraceEvent) {
		mu.Lock()
		defer mu.Unlock()
		buf.Reset()
		tracePDU(&buf, &e)
		_, _ = w.Write(buf.Bytes())
	}
}

func tracePDU(b *bytes.Buffer, e *initiator.TraceEvent) {
	from, to := e.Source.String(), e.Address.String()
	if !e.Sent {
		from, to = to, from
	}
	facts, text := describe(e.PDU)
	fmt.Fprintf(b, "%s %s > %s: %s %s\n", e.Time.Format("15:04:05.000000"), from, to, e.PDU.Opcode(), strings.Join(facts, " "))
	for pair := range bytes.SplitSeq(text, []byte{0}) {
		if len(pair) > 0 {
			fmt.Fprintf(b, "    %s\n", terminal.Escape(string(pair)))
		}
	}
}

// describe returns what is to be known of a PDU.
func describe(p pdu.PDU) (facts []string, text []byte) {
	fact := func(format string, args ...any) { facts = append(facts, fmt.Sprintf(format, args...)) }
	flag := func(set bool, name string) {
		if set {
			facts = append(facts, name)
		}
	}
	stages := func(transit, more bool, csg, nsg pdu.Stage) {
		flag(transit, "T")
		flag(more, "C")
		fact("CSG=%s", csg)
		if transit {
			fact("NSG=%s", nsg)
		}
	}
	switch m := p.(type) {
	case *pdu.LoginRequest:
		stages(m.Transit, m.Continue, m.CSG, m.NSG)
		fact("version=%d..%d ISID=%s TSIH=%d ITT=0x%08x CID=%d", m.VersionMin, m.VersionMax, m.ISID, m.TSIH, m.ITT, m.CID)
		fact("CmdSN=%d ExpStatSN=%d", m.CmdSN, m.ExpStatSN)
		text = m.Data
	case *pdu.LoginResponse:
		fact("status=%q", m.Status)
		stages(m.Transit, m.Continue, m.CSG, m.NSG)
		fact("version=%d/%d ISID=%s TSIH=%d ITT=0x%08x", m.VersionActive, m.VersionMax, m.ISID, m.TSIH, m.ITT)
		fact("StatSN=%d ExpCmdSN=%d MaxCmdSN=%d", m.StatSN, m.ExpCmdSN, m.MaxCmdSN)
		text = m.Data
	case *pdu.TextRequest:
		flag(m.Immediate, "I")
		flag(m.Final, "F")
		flag(m.Continue, "C")
		fact("ITT=0x%08x TTT=0x%08x CmdSN=%d ExpStatSN=%d", m.ITT, m.TTT, m.CmdSN, m.ExpStatSN)
		text = m.Data
	case *pdu.TextResponse:
		flag(m.Final, "F")
		flag(m.Continue, "C")
		fact("ITT=0x%08x TTT=0x%08x StatSN=%d ExpCmdSN=%d MaxCmdSN=%d", m.ITT, m.TTT, m.StatSN, m.ExpCmdSN, m.MaxCmdSN)
		text = m.Data
	case *pdu.LogoutRequest:
		flag(m.Immediate, "I")
		fact("reason=%d ITT=0x%08x CID=%d CmdSN=%d ExpStatSN=%d", m.Reason, m.ITT, m.CID, m.CmdSN, m.ExpStatSN)
	case *pdu.LogoutResponse:
		fact("response=%q ITT=0x%08x StatSN=%d ExpCmdSN=%d MaxCmdSN=%d", m.Response, m.ITT, m.StatSN, m.ExpCmdSN, m.MaxCmdSN)
	case *pdu.NOPOut:
		flag(m.Immediate, "I")
		fact("ITT=0x%08x TTT=0x%08x CmdSN=%d ExpStatSN=%d", m.ITT, m.TTT, m.CmdSN, m.ExpStatSN)
		fact("data=%d", len(m.Data))
	case *pdu.NOPIn:
		fact("ITT=0x%08x TTT=0x%08x StatSN=%d ExpCmdSN=%d MaxCmdSN=%d", m.ITT, m.TTT, m.StatSN, m.ExpCmdSN, m.MaxCmdSN)
		fact("data=%d", len(m.Data))
	case *pdu.AsyncMessage:
		fact("event=%q StatSN=%d ExpCmdSN=%d MaxCmdSN=%d", m.Event, m.StatSN, m.ExpCmdSN, m.MaxCmdSN)
	case *pdu.Reject:
		fact("reason=%q StatSN=%d ExpCmdSN=%d MaxCmdSN=%d", m.Reason, m.StatSN, m.ExpCmdSN, m.MaxCmdSN)
	}
	if text != nil {
		fact("data=%d", len(text))
	}
	return facts, text
}
