//go:build !race

package pdu

import (
	"bytes"
	"io"
	"testing"
)

// The hot path of a discovery allocates nothing once its buffers have grown.
func TestAllocations(t *testing.T) {
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
