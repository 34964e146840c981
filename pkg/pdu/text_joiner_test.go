package pdu

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// join gives the pieces of text between cuts to one Joiner, each in the same
// memory as the one before, and returns what it yields.
func join(text string, cuts ...int) (got []string, err error) {
	var j Joiner
	var memory []byte
	from := 0
	for _, to := range append(slices.Clone(cuts), len(text)) {
		memory = append(memory[:0], text[from:to]...)
		from = to
		ps, err := joined(&j, memory)
		got = append(got, ps...)
		if err != nil {
			return got, err
		}
		for i := range memory {
			memory[i] = '*'
		}
	}
	return got, j.Close()
}

// joined returns the pairs of what a Joiner makes of a piece.
func joined(j *Joiner, piece []byte) (got []string, err error) {
	for text, err := range j.Add(piece) {
		if err != nil {
			return got, err
		}
		ps, err := pairs(text.Pairs())
		got = append(got, ps...)
		if err != nil {
			err.(*TextError).Offset += j.Offset()
			return got, err
		}
	}
	return got, nil
}

// The texts that a Joiner yields have the pairs of the whole, wherever that is cut,
// and their errors name the same place.
func TestJoinerEveryCut(t *testing.T) {
	t.Parallel()
	for _, tt := range texts {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			step := max(1, len(tt.text)/97)
			for at := 0; at <= len(tt.text); at += step {
				got, err := join(tt.text, at)
				if !sameError(err, tt.err) {
					t.Fatalf("cut at %d: got error %v, want %q", at, err, tt.err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Fatalf("cut at %d (-want +got):\n%s", at, diff)
				}
			}
		})
	}
}

// sameError compares errors by place and, but for a pair that is too long, by
// reason: a Joiner need not wait for its end.
func sameError(err error, want string) bool {
	if err == nil || want == "" {
		return err == nil && want == ""
	}
	place, _, _ := strings.Cut(want, ": a value of more than")
	return strings.HasPrefix(err.Error(), place) && (err.Error() == want || strings.HasSuffix(err.Error(), "a pair that does not end"))
}

func TestJoinerOneByteAtATime(t *testing.T) {
	t.Parallel()
	for _, tt := range texts {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cuts := make([]int, len(tt.text))
			for i := range cuts {
				cuts[i] = i
			}
			got, err := join(tt.text, cuts...)
			if !sameError(err, tt.err) {
				t.Errorf("got error %v, want %q", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Random texts in random pieces.
func TestJoinerProperty(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var text []byte
		for range r.IntN(20) {
			text = append(text, "A=b\x00CD"[r.IntN(6)])
		}
		cuts := make([]int, r.IntN(6))
		for i := range cuts {
			cuts[i] = r.IntN(len(text) + 1)
		}
		slices.Sort(cuts)
		want, wantErr := pairs(Text(text).Pairs())
		got, err := join(string(text), cuts...)
		if diff := cmp.Diff(want, got); diff != "" || errorText(err) != errorText(wantErr) {
			t.Fatalf("%q cut at %v: (-want +got):\n%s\ngot error %v, want %v", text, cuts, diff, err, wantErr)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A text stays valid until the next Add, also while the rest of its piece is
// put aside.
func TestJoinerTextsStayValid(t *testing.T) {
	t.Parallel()
	var j Joiner
	for range j.Add([]byte("Aaa=")) {
		t.Fatal("got a text, want none")
	}
	var held []Text
	for text, err := range j.Add([]byte("1\x00Bbb=2\x00Ccc=3\x00Ddd=4")) {
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, text)
	}
	want := []Text{Text("Aaa=1\x00"), Text("Bbb=2\x00Ccc=3\x00")}
	if diff := cmp.Diff(want, held); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A pair without an end is refused before it is put aside, in one piece or in
// many.
func TestJoinerBound(t *testing.T) {
	t.Parallel()
	const longest = MaxKeyLen + 1 + MaxValueLen
	for _, size := range []int{1, 7, 4096, longest, longest + 1, 1 << 20} {
		var j Joiner
		piece := bytes.Repeat([]byte("A"), size)
		var err error
		total := 0
		for err == nil {
			total += size
			_, err = joined(&j, piece)
			if total > longest && err == nil {
				t.Fatalf("pieces of %d: %d bytes accepted, want %d at most", size, total, longest)
			}
		}
		if total <= longest {
			t.Errorf("pieces of %d: refused after %d bytes: %v", size, total, err)
		}
		if cap(j.rest) > 2*longest {
			t.Errorf("pieces of %d: put aside %d bytes, want %d at most", size, cap(j.rest), longest)
		}
	}
}

func TestJoinerBreak(t *testing.T) {
	t.Parallel()
	var j Joiner
	for range j.Add([]byte("A=1")) {
		t.Fatal("got a text, want none")
	}
	n := 0
	for range j.Add([]byte("2\x00B=3\x00C=4\x00")) {
		n++
		break
	}
	for range new(Joiner).Add([]byte("B=3\x00C=4\x00")) {
		n++
		break
	}
	if n != 2 {
		t.Errorf("got %d texts, want 2", n)
	}
}
