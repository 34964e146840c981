package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"

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
	list := targetList(n, recordKinds[args[1]])
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0) // who has started us is gone
	}()
	fmt.Println(l.Addr().(*net.TCPAddr).Port, silent.Addr().(*net.TCPAddr).Port)
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go answer(c, list)
	}
}

// answer serves one session.
func answer(c net.Conn, list pdu.Text) {
	defer c.Close()
	r, w := pdu.NewReader(c), pdu.NewWriter(c)
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
			n := min(len(list), maxText)
			resp := pdu.TextResponse{Final: n == len(list), ITT: m.ITT, TTT: 1, StatSN: sn, ExpCmdSN: m.CmdSN, MaxCmdSN: m.CmdSN, Data: list[:n]}
			if resp.Final {
				resp.TTT = pdu.NoTag
			}
			list = list[n:]
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
