package fleet

import (
	"bytes"
	"crypto/sha256"
	"os/exec"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/internal/need"
	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// newMillion returns an answer of a million targets, true in all but that no host publishes so
// many. The program gzip compresses it, since with the race detector we take half a minute.
func newMillion(t *testing.T) *fleet.Answer {
	t.Helper()
	const n = 1_000_000
	target := []byte(`{"name":"iqn.2026-11.com.example:d0000000","addresses":[]},`)
	last := bytes.LastIndex(target, []byte("0\","))
	written := append(make([]byte, 0, n*len(target)+100), `{"schema":1,"targets":[`...)
	for range n {
		written = append(written, target...)
		for i := last; ; i-- {
			if target[i]++; target[i] <= '9' {
				break
			}
			target[i] = '0'
		}
	}
	written = append(written[:len(written)-1], "]}"...)
	cmd := exec.Command(need.Program(t, "gzip"), "-1", "-c")
	cmd.Stdin = bytes.NewReader(written)
	compressed, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return &fleet.Answer{Digest: sha256.Sum256(written), Targets: n, Parts: slices.Collect(slices.Chunk(compressed, fleet.MaxPartLen))}
}
