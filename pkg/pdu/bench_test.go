package pdu

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

func BenchmarkReader(b *testing.B) {
	for _, targets := range []int{1, 1000} {
		for _, d := range digests {
			b.Run(fmt.Sprintf("targets=%d/%s", targets, d.name), func(b *testing.B) {
				data := wire(b, d.header, d.data, &TextResponse{Data: sendTargetsText(targets)})
				in := bytes.NewReader(nil)
				r := NewReader(in)
				r.HeaderDigest, r.DataDigest, r.MaxData = d.header, d.data, 262144
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					in.Reset(data)
					if _, err := r.ReadPDU(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkWriter(b *testing.B) {
	for _, d := range digests {
		b.Run(d.name, func(b *testing.B) {
			w := NewWriter(io.Discard)
			w.HeaderDigest, w.DataDigest = d.header, d.data
			p := &LoginRequest{Data: Text("InitiatorName=iqn.2026-01.test:a\x00SessionType=Discovery\x00" +
				"HeaderDigest=CRC32C,None\x00DataDigest=CRC32C,None\x00MaxRecvDataSegmentLength=262144\x00")}
			b.ReportAllocs()
			for b.Loop() {
				if err := w.WritePDU(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPairs(b *testing.B) {
	t := sendTargetsText(1000)
	b.SetBytes(int64(len(t)))
	b.ReportAllocs()
	for b.Loop() {
		if err := walk(t); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJoiner(b *testing.B) {
	t := sendTargetsText(1000)
	var j Joiner
	b.SetBytes(int64(len(t)))
	b.ReportAllocs()
	for b.Loop() {
		if err := walkPieces(&j, t, 8192); err != nil {
			b.Fatal(err)
		}
	}
}

// sendTargetsText is the answer of n targets with two addresses each.
func sendTargetsText(n int) Text {
	var t Text
	for range n {
		t = t.Append(KeyTargetName, "iqn.2026-01.com.example:storage.disk2.sys1.xyz")
		t = t.Append(KeyTargetAddress, "192.0.2.10:3260,1")
		t = t.Append(KeyTargetAddress, "[2001:db8::10]:3260,1")
	}
	return t
}

// walk looks at each pair as a caller does.
func walk(t Text) error {
	names := 0
	for p, err := range t.Pairs() {
		if err != nil {
			return err
		}
		if string(p.Key) == KeyTargetName {
			names += len(p.Value)
		}
	}
	return nil
}

func walkPieces(j *Joiner, t Text, size int) error {
	for len(t) > 0 {
		n := min(size, len(t))
		for text, err := range j.Add(t[:n]) {
			if err != nil {
				return err
			}
			if err := walk(text); err != nil {
				return err
			}
		}
		t = t[n:]
	}
	return j.Close()
}
