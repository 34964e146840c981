package pdu

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pairs returns the pairs of a sequence as "key=value", and the error that
// ended it.
func pairs(seq func(yield func(Pair, error) bool)) (got []string, err error) {
	for p, err := range seq {
		if err != nil {
			return got, err
		}
		got = append(got, string(p.Key)+"="+string(p.Value))
	}
	return got, nil
}

// texts are shared with the tests of Joiner: each is cut everywhere there.
var texts = []struct {
	name string
	text string
	want []string
	err  string
}{
	{name: "empty"},
	{name: "one pair", text: "A=b\x00", want: []string{"A=b"}},
	{name: "order and repetition", text: "B=1\x00A=2\x00B=1\x00", want: []string{"B=1", "A=2", "B=1"}},
	{name: "empty value", text: "A=\x00", want: []string{"A="}},
	{name: "the first = counts", text: "A=b=c==\x00", want: []string{"A=b=c=="}},
	{name: "extra NULs", text: "\x00\x00A=b\x00\x00\x00C=d\x00\x00", want: []string{"A=b", "C=d"}},
	{name: "NULs alone", text: "\x00\x00\x00"},
	{
		name: "each character of a key",
		text: "aZ09.-+@_=v\x00X#NodeArchitecture=v\x00",
		want: []string{"aZ09.-+@_=v", "X#NodeArchitecture=v"},
	},
	{name: "any byte in a value", text: "A=\x01\x7f\xff =,\n\x00", want: []string{"A=\x01\x7f\xff =,\n"}},
	{name: "longest key", text: strings.Repeat("k", 63) + "=v\x00", want: []string{strings.Repeat("k", 63) + "=v"}},
	{name: "longest value", text: "A=" + strings.Repeat("v", 8192) + "\x00", want: []string{"A=" + strings.Repeat("v", 8192)}},
	{
		name: "longest pair",
		text: strings.Repeat("k", 63) + "=" + strings.Repeat("v", 8192) + "\x00",
		want: []string{strings.Repeat("k", 63) + "=" + strings.Repeat("v", 8192)},
	},

	{name: "no NUL", text: "A=b", err: "malformed text at byte 0: the last pair has no NUL at its end"},
	{
		name: "no NUL at the end", text: "A=b\x00C=d", want: []string{"A=b"},
		err: "malformed text at byte 4: the last pair has no NUL at its end",
	},
	{name: "no =", text: "A=b\x00\x00AB\x00C=d\x00", want: []string{"A=b"}, err: "malformed text at byte 5: no '=' in a pair"},
	{name: "empty key", text: "=b\x00", err: "malformed text at byte 0: an empty key"},
	{name: "long key", text: strings.Repeat("k", 64) + "=v\x00", err: "malformed text at byte 0: a key of more than 63 bytes"},
	{
		name: "long value", text: "A=b\x00A=" + strings.Repeat("v", 8193) + "\x00", want: []string{"A=b"},
		err: "malformed text at byte 4: a value of more than 8192 bytes",
	},
	{
		name: "long value of a key that is known", text: "TargetName=" + strings.Repeat("v", 8192) + "\x00TargetAlias=" + strings.Repeat("v", 8193) + "\x00",
		want: []string{"TargetName=" + strings.Repeat("v", 8192)}, err: "malformed text at byte 8204: a value of more than 8192 bytes",
	},
	{name: "blank in a key", text: "A b=c\x00", err: "malformed text at byte 0: a character in a key that no key may have"},
	{name: "newline in a key", text: "A=b\x00C\n=d\x00", want: []string{"A=b"}, err: "malformed text at byte 4: a character in a key that no key may have"},
	{name: "no ASCII in a key", text: "\xc3\x84=b\x00", err: "malformed text at byte 0: a character in a key that no key may have"},
}

func TestTextPairs(t *testing.T) {
	t.Parallel()
	for _, tt := range texts {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := pairs(Text(tt.text).Pairs())
			checkError(t, err, tt.err)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTextPairsAlias(t *testing.T) {
	t.Parallel()
	text := Text("A=b\x00")
	for p, err := range text.Pairs() {
		if err != nil {
			t.Fatal(err)
		}
		text[0], text[2] = 'X', 'y'
		if got, want := string(p.Key)+string(p.Value), "Xy"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTextPairsBreak(t *testing.T) {
	t.Parallel()
	n := 0
	for range Text("A=1\x00B=2\x00C=3\x00").Pairs() {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("got %d pairs, want 2", n)
	}
}

func TestTextAppend(t *testing.T) {
	t.Parallel()
	got := Text("A=b\x00").Append("C", "").Append("D", "e=f")
	if want := "A=b\x00C=\x00D=e=f\x00"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
