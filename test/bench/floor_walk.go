package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// walk is the floor for long lists that at least finds each pair and each target:
// it reads whole responses, and walks them from NUL to NUL. It checks nothing and
// keeps nothing but a count.
func walk(args []string) error {
	c, err := net.Dial("tcp", net.JoinHostPort(args[0], args[2]))
	if err != nil {
		return err
	}
	defer c.Close()
	requests := canned()
	buf := make([]byte, pdu.HeaderLen+maxText)
	pairs, targets := 0, 0
	var rest []byte // of a pair that the response before ended in
	for i := 0; ; {
		if _, err := c.Write(requests[i]); err != nil {
			return err
		}
		data, final, err := response(c, buf)
		if err != nil {
			return err
		}
		if i == 3 {
			break
		}
		if i > 0 {
			if len(rest) > 0 {
				end := bytes.IndexByte(data, 0) + 1
				rest, data = append(rest, data[:end]...), data[end:]
				p, t, _ := count(rest)
				pairs, targets = pairs+p, targets+t
			}
			p, t, cut := count(data)
			pairs, targets, rest = pairs+p, targets+t, append(rest[:0], cut...)
		}
		switch {
		case i > 0 && final:
			i = 3
		case i > 0:
			i = 2
		default:
			i = 1
		}
	}
	fmt.Fprintln(os.Stdout, pairs, targets)
	return nil
}

// response reads one response.
func response(r io.Reader, buf []byte) (data []byte, final bool, err error) {
	n, err := io.ReadAtLeast(r, buf, pdu.HeaderLen)
	if err != nil {
		return nil, false, err
	}
	size := int(binary.BigEndian.Uint32(buf[4:8]) & 0xffffff)
	if total := pdu.HeaderLen + (size+3)&^3; n < total {
		if _, err := io.ReadFull(r, buf[n:total]); err != nil {
			return nil, false, err
		}
	}
	return buf[pdu.HeaderLen : pdu.HeaderLen+size], buf[1]&0x80 != 0, nil
}

// count returns how many pairs end in a text, how many of them name targets, and
// the start of a pair that does not end.
func count(text []byte) (pairs, targets int, rest []byte) {
	name := []byte(pdu.KeyTargetName + "=")
	for len(text) > 0 {
		end := bytes.IndexByte(text, 0)
		if end < 0 {
			break
		}
		pairs++
		if bytes.HasPrefix(text[:end], name) {
			targets++
		}
		text = text[end+1:]
	}
	return pairs, targets, text
}
