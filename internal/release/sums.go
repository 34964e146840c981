package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// sums are the lines of SHA256SUMS, as sha256sum reads them.
type sums []string

// add adds a file.
func (s *sums) add(name string, data []byte) {
	*s = append(*s, fmt.Sprintf("%s  %s\n", digest(data), name))
}

// text returns the lines in the order of the files' names.
func (s sums) text() []byte {
	var b bytes.Buffer
	lines := slices.Clone(s)
	slices.SortFunc(lines, func(x, y string) int { return bytes.Compare([]byte(x[64:]), []byte(y[64:])) })
	for _, line := range lines {
		b.WriteString(line)
	}
	return b.Bytes()
}

// digest returns the SHA-256 of data in hexadecimal.
func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
