package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// maxText is how much of the list one response holds, in bytes: as much as
// discover declares.
const maxText = 256 << 10

// serve is the canned target: it answers what every discovery asks, from bytes
// that were made beforehand, and checks nothing.
func serve(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	kind := recordKinds[args[1]]
	lists := []pdu.Text{targetList(n, kind, false)}
	if kind.churn {
		lists = append(lists, targetList(n, kind, true))
	}
	var sessions atomic.Int64
	return serveBy(func(c net.Conn) {
		// Two clients take turns; each gets the other answer than the time before.
		turn := int(sessions.Add(1)-1) / 2
		answerWith(c, lists[turn%len(lists)])
	})
}

// answerWith serves one session, whose answer is the list.
func answerWith(c net.Conn, list pdu.Text) {
	answer(c, func() (pdu.Text, bool) {
		n := min(len(list), maxText)
		part := list[:n]
		list = list[n:]
		return part, len(list) == 0
	})
}

// serveBy serves connections, each by a goroutine of its own, after it has said
// where: on standard output, as the ports of the target and of a silent portal.
func serveBy(session func(net.Conn)) error {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		return err
	}
	// Nobody takes the connections of this one.
	silent, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		return err
	}
	defer silent.Close()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0) // the bench that has started us is gone
	}()
	fmt.Println(l.Addr().(*net.TCPAddr).Port, silent.Addr().(*net.TCPAddr).Port)
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go session(c)
	}
}

// answer serves one session. next returns the next part of the list, and whether it
// is the last.
func answer(c net.Conn, next func() (part pdu.Text, last bool)) {
	defer c.Close()
	r, w := pdu.NewReader(forgiving{c}), pdu.NewWriter(c)
	w.MaxData = maxText
	for sn := uint32(1); ; sn++ {
		p, err := r.ReadPDU()
		if err != nil {
			return
		}
		switch m := p.(type) {
		case *pdu.LoginRequest:
			err = w.WritePDU(&pdu.LoginResponse{
				Transit: true, CSG: m.CSG, NSG: m.NSG, ISID: m.ISID, TSIH: 1, ITT: m.ITT, StatSN: sn,
				ExpCmdSN: m.CmdSN, MaxCmdSN: m.CmdSN,
				Data: pdu.Text("HeaderDigest=None\x00DataDigest=None\x00TargetPortalGroupTag=1\x00"),
			})
		case *pdu.TextRequest:
			part, last := next()
			resp := pdu.TextResponse{Final: last, ITT: m.ITT, TTT: 1, StatSN: sn, ExpCmdSN: m.CmdSN, MaxCmdSN: m.CmdSN, Data: part}
			if resp.Final {
				resp.TTT = pdu.NoTag
			}
			err = w.WritePDU(&resp)
		case *pdu.LogoutRequest:
			_ = w.WritePDU(&pdu.LogoutResponse{ITT: m.ITT, StatSN: sn, ExpCmdSN: m.CmdSN, MaxCmdSN: m.CmdSN})
			return
		}
		if err != nil {
			return
		}
	}
}

// forgiving makes Login Requests immediate, which nmap's are not. Clients wait for
// each answer, so that what is read begins with a PDU.
type forgiving struct{ io.Reader }

func (f forgiving) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if n > 0 && b[0] == byte(pdu.OpLoginRequest) {
		b[0] |= 0x40
	}
	return n, err
}
