package pdu

import (
	"bytes"
	"testing"
)

// The examples of RFC 7143, appendix A.4, with the digest as it stands on the
// wire.
func TestDigest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		data string
		want string
	}{
		{
			name: "32 zeros",
			data: `00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00`,
			want: "aa 36 91 8a",
		},
		{
			name: "32 ones",
			data: `ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff`,
			want: "43 ab a8 62",
		},
		{
			name: "upwards",
			data: `00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f`,
			want: "4e 79 dd 46",
		},
		{
			name: "downwards",
			data: `1f 1e 1d 1c 1b 1a 19 18 17 16 15 14 13 12 11 10 0f 0e 0d 0c 0b 0a 09 08 07 06 05 04 03 02 01 00`,
			want: "5c db 3f 11",
		},
		{
			name: "a SCSI Read(10) command",
			data: `
				01 c0 00 00 00 00 00 00  00 00 00 00 00 00 00 00
				14 00 00 00 00 00 04 00  00 00 00 14 00 00 00 18
				28 00 00 00 00 00 00 00  02 00 00 00 00 00 00 00`,
			want: "56 3a 96 d9",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			data, want := unhex(t, tt.data), unhex(t, tt.want)
			got := AppendDigest([]byte("prefix"), data)
			if !bytes.Equal(got, append([]byte("prefix"), want...)) {
				t.Errorf("got % x, want % x behind the prefix", got, want)
			}
			if _, _, ok := checkDigest(want, data); !ok {
				t.Error("checkDigest refuses it")
			}
			data[0] ^= 1
			if _, _, ok := checkDigest(want, data); ok {
				t.Error("checkDigest accepts another bit")
			}
		})
	}
}
