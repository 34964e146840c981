package fleet

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/go-iscsi/discovery/pkg/initiator/fleet"
)

// newMillion returns an answer of a million targets, true in all but that no host publishes so
// many.
func newMillion(t *testing.T) *fleet.Answer {
	t.Helper()
	const n = 1_000_000
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.New()
	var written []byte
	both := io.MultiWriter(z, digest)
	flush := func() {
		if _, err := both.Write(written); err != nil {
			t.Fatal(err)
		}
		written = written[:0]
	}
	written = append(written, `{"schema":1,"targets":[`...)
	for i := range n {
		if i > 0 {
			written = append(written, ',')
		}
		written = fmt.Appendf(written, `{"name":"iqn.2026-11.com.example:d%07d","addresses":["192.0.2.1:3260,1"]}`, i)
		if len(written) > 1<<16 {
			flush()
		}
	}
	written = append(written, "]}"...)
	flush()
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &fleet.Answer{Digest: fleet.Digest(digest.Sum(nil)), Targets: n, Parts: slices.Collect(slices.Chunk(b.Bytes(), fleet.MaxPartLen))}
}
