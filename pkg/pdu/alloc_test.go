package pdu

import (
	"bytes"
	"io"
	"testing"
)

// The hot path of a discovery allocates nothing once its buffers have grown.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	response := &TextResponse{Final: true, TTT: NoTag, Data: sendTargetsText(100)}
	data := wire(t, true, true, response)
	loop := bytes.NewReader(nil)
	r := NewReader(loop)
	r.HeaderDigest, r.DataDigest, r.MaxData = true, true, 262144
	w := NewWriter(io.Discard)
	w.HeaderDigest, w.DataDigest, w.MaxData = true, true, 262144
	request := &TextRequest{Final: true, TTT: NoTag, Data: Text("SendTargets=All\x00")}
	var j Joiner
	buf := make([]byte, 0, len(data))
	tests := []struct {
		name string
		run  func() error
	}{
		{name: "reading", run: func() error {
			loop.Reset(data)
			_, err := r.ReadPDU()
			return err
		}},
		{name: "writing", run: func() error { return w.WritePDU(request) }},
		{name: "writing much", run: func() error { return w.WritePDU(response) }},
		{name: "appending", run: func() error {
			_, err := response.AppendBinary(buf)
			return err
		}},
		{name: "walking pairs", run: func() error { return walk(response.Data) }},
		{name: "walking pieces", run: func() error { return walkPieces(&j, response.Data, 1000) }},
	}
	for _, tt := range tests {
		if err := tt.run(); err != nil { // buffers grow
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := testing.AllocsPerRun(100, func() { tt.run() }); got != 0 {
			t.Errorf("%s: got %v allocations, want none", tt.name, got)
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
	names := 0
	for len(t) > 0 {
		n := min(size, len(t))
		for p, err := range j.Add(t[:n]) {
			if err != nil {
				return err
			}
			if string(p.Key) == KeyTargetName {
				names += len(p.Value)
			}
		}
		t = t[n:]
	}
	return j.Close()
}
