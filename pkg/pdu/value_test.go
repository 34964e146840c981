package pdu

import (
	"strings"
	"testing"
)

func TestParseNumber(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want uint64
		err  string
	}{
		{in: "0"},
		{in: "7", want: 7},
		{in: "8192", want: 8192},
		{in: "0x2000", want: 8192},
		{in: "0X2a", want: 42},
		{in: "0xAbCdEf", want: 0xabcdef},
		{in: "0x0"},
		{in: "0x0000000000000000000001", want: 1},
		{in: "18446744073709551615", want: 1<<64 - 1},
		{in: "0xffffffffffffffff", want: 1<<64 - 1},

		{in: "", err: "empty"},
		{in: "0x", err: "a decimal with a leading zero"},
		{in: "00", err: "a decimal with a leading zero"},
		{in: "010", err: "a decimal with a leading zero"},
		{in: "-1", err: "not a digit"},
		{in: "+1", err: "not a digit"},
		{in: " 1", err: "not a digit"},
		{in: "1 ", err: "not a digit"},
		{in: "1a", err: "not a digit"},
		{in: "1,2", err: "not a digit"},
		{in: "1~2", err: "not a digit"},
		{in: "0xg", err: "not a digit"},
		{in: "0x0x1", err: "not a digit"},
		{in: "1_000", err: "not a digit"},
		{in: "18446744073709551616", err: "not below 2^64"},
		{in: "18446744073709551620", err: "not below 2^64"},
		{in: "99999999999999999999", err: "not below 2^64"},
		{in: "0x10000000000000000", err: "not below 2^64"},
		{in: strings.Repeat("9", 8192), err: "not below 2^64"},
	}
	for _, tt := range tests {
		t.Run(tt.in[:min(len(tt.in), 30)], func(t *testing.T) {
			t.Parallel()
			got, err := ParseNumber([]byte(tt.in))
			if tt.err != "" {
				tt.err = "bad number: " + tt.err
			}
			checkError(t, err, tt.err)
			if got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestAppendBinaryValue(t *testing.T) {
	t.Parallel()
	const noHex, noBase64 = "not a hexadecimal digit", "not base64"
	tests := []struct {
		name  string
		in    string
		limit int
		want  string
		err   string
	}{
		{name: "hex", in: "0x00ff10", limit: 3, want: "\x00\xff\x10"},
		{name: "hex in capitals", in: "0XaAbB", limit: 2, want: "\xaa\xbb"},
		{name: "odd hex", in: "0xabc", limit: 2, want: "\x0a\xbc"},
		{name: "one digit", in: "0x7", limit: 1, want: "\x07"},
		{name: "base64", in: "0bAP8Q", limit: 3, want: "\x00\xff\x10"},
		{name: "base64 with a capital", in: "0BAP8Q", limit: 3, want: "\x00\xff\x10"},
		{name: "base64, one =", in: "0bAP8=", limit: 2, want: "\x00\xff"},
		{name: "base64, two =", in: "0bAA==", limit: 1, want: "\x00"},
		{name: "base64, both signs", in: "0b+/+/", limit: 3, want: "\xfb\xff\xbf"},

		{name: "nothing", in: "", limit: 9, err: "neither 0x nor 0b in front"},
		{name: "one character", in: "0", limit: 9, err: "neither 0x nor 0b in front"},
		{name: "decimal", in: "123", limit: 9, err: "neither 0x nor 0b in front"},
		{name: "another letter", in: "0z12", limit: 9, err: "neither 0x nor 0b in front"},
		{name: "another digit in front", in: "1x12", limit: 9, err: "neither 0x nor 0b in front"},
		{name: "empty hex", in: "0x", limit: 9, err: "empty"},
		{name: "empty base64", in: "0b", limit: 9, err: "empty"},
		{name: "hex too long", in: "0x0102", limit: 1, err: "too long"},
		{name: "odd hex too long", in: "0x102", limit: 1, err: "too long"},
		{name: "zeros in front count", in: "0x000001", limit: 2, err: "too long"},
		{name: "no hex", in: "0x0g", limit: 9, err: noHex},
		{name: "no hex, odd", in: "0xg00", limit: 9, err: noHex},
		{name: "blank in hex", in: "0x0 01", limit: 9, err: noHex},
		{name: "base64 too long", in: "0bAP8Q", limit: 2, err: "too long"},
		{name: "base64 too long, one =", in: "0bAP8=", limit: 1, err: "too long"},
		{name: "base64 much too long", in: "0b" + strings.Repeat("A", 8000), limit: 1024, err: "too long"},
		{name: "base64 without padding", in: "0bAA", limit: 9, err: noBase64},
		{name: "base64, not canonical", in: "0bAB==", limit: 9, err: noBase64},
		{name: "base64 for addresses", in: "0b-_-_", limit: 9, err: noBase64},
		{name: "base64, = alone", in: "0b====", limit: 9, err: noBase64},
		{name: "base64, more after =", in: "0bAA==AA==", limit: 9, err: noBase64},
		{name: "base64 with a newline", in: "0bAA\n==", limit: 9, err: noBase64},
		{name: "base64 with a return", in: "0bAP8Q\r", limit: 9, err: noBase64},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := AppendBinary([]byte("prefix"), []byte(tt.in), tt.limit)
			if tt.err != "" {
				tt.err = "bad binary value: " + tt.err
			}
			checkError(t, err, tt.err)
			if want := "prefix" + tt.want; string(got) != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestAppendHex(t *testing.T) {
	t.Parallel()
	if got, want := string(AppendHex([]byte("CHAP_R="), []byte{0, 0xab, 0xff})), "CHAP_R=0x00abff"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
