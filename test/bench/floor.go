package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// floor is the least that a Go client can do to get the same answers: goroutines
// and net, requests that were made beforehand, and answers of which it reads
// nothing but where they end. It prints nothing, checks nothing and survives
// nothing.
func floor(args []string) error {
	where, port := args[0], args[2]
	parallel, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	portals, err := readPortals(where)
	if err != nil {
		portals = []string{where}
	}
	requests := canned()
	next := make(chan string)
	var workers sync.WaitGroup
	var once sync.Once
	var failed error
	for range parallel {
		workers.Go(func() {
			buf := make([]byte, 4096)
			for portal := range next {
				if err := ask(net.JoinHostPort(portal, port), requests, &buf); err != nil {
					once.Do(func() { failed = fmt.Errorf("%s: %w", portal, err) })
				}
			}
		})
	}
	for _, p := range portals {
		next <- p
	}
	close(next)
	workers.Wait()
	return failed
}

// canned returns the requests of a discovery: login, SendTargets, the request
// for more, logout.
func canned() [4][]byte {
	login := pdu.Text("InitiatorName=iqn.2026-11.com.example:floor\x00SessionType=Discovery\x00HeaderDigest=None\x00DataDigest=None\x00MaxRecvDataSegmentLength=262144\x00")
	var requests [4][]byte
	for i, p := range []pdu.PDU{
		&pdu.LoginRequest{Transit: true, CSG: pdu.LoginOperationalNegotiation, NSG: pdu.FullFeaturePhase, ITT: 1, CmdSN: 1, Data: login},
		&pdu.TextRequest{Immediate: true, Final: true, ITT: 2, TTT: pdu.NoTag, CmdSN: 1, ExpStatSN: 2, Data: pdu.Text("SendTargets=All\x00")},
		&pdu.TextRequest{Immediate: true, Final: true, ITT: 2, TTT: 1, CmdSN: 1, ExpStatSN: 2},
		&pdu.LogoutRequest{Immediate: true, ITT: 3, CmdSN: 1, ExpStatSN: 3},
	} {
		requests[i], _ = p.AppendBinary(nil) // small, so it fits
	}
	return requests
}

// ask is one discovery.
func ask(portal string, requests [4][]byte, buf *[]byte) error {
	d := net.Dialer{KeepAlive: -1} // it is over before the first would be due
	c, err := d.Dial("tcp", portal)
	if err != nil {
		return err
	}
	defer c.Close()
	for i := 0; i < len(requests); {
		if _, err := c.Write(requests[i]); err != nil {
			return err
		}
		final, err := skip(c, buf)
		if err != nil {
			return err
		}
		switch {
		case i == 0:
			i = 1
		case i < 3 && !final:
			i = 2
		case i < 3:
			i = 3
		default:
			return nil
		}
	}
	return nil
}

// skip reads one response and forgets it, but for whether it was the last.
func skip(r io.Reader, buf *[]byte) (final bool, err error) {
	b := *buf
	n, err := io.ReadAtLeast(r, b, pdu.HeaderLen)
	if err != nil {
		return false, err
	}
	total := pdu.HeaderLen + int(binary.BigEndian.Uint32(b[4:8])&0xffffff+3)&^3
	final = b[1]&0x80 != 0
	for n < total {
		got, err := r.Read(b[:min(len(b), total-n)])
		if err != nil {
			return false, err
		}
		n += got
	}
	if total > len(b) && len(b) < 1<<18 {
		*buf = make([]byte, 1<<18)
	}
	return final, nil
}
