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
