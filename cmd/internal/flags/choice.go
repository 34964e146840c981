package flags

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A choice is one of a few words.
type choice struct {
	value *string
	name  string
	of    []string
}

// NewChoice returns the value of a flag that is one of a few words. name stands for the
// value in the manual.
func NewChoice(value *string, name string, of []string) *choice { return &choice{value, name, of} }

func (c *choice) String() string { return "" }

func (c *choice) Type() string { return c.name }

func (c *choice) Set(s string) error {
	word, ok := Word(s, c.of)
	if !ok {
		return errors.New("expected one of " + strings.Join(c.of, ", ") + DidYouMean(strings.ToLower(s), c.of))
	}
	*c.value = word
	return nil
}

// words are some of a few words, separated by commas.
type words struct {
	value *[]string
	of    []string
}

// NewWords returns the value of a flag that is some of a few words.
func NewWords(value *[]string, of []string) *words { return &words{value, of} }

func (w *words) String() string { return "" }

func (w *words) Type() string { return "LIST" }

func (w *words) Set(s string) error {
	var list []string
	for text := range strings.SplitSeq(s, ",") {
		word, ok := Word(strings.TrimSpace(text), w.of)
		if !ok {
			return errors.New("expected one or more of " + strings.Join(w.of, ",") + ", separated by commas" + DidYouMean(strings.ToLower(text), w.of))
		}
		if slices.Contains(list, word) {
			return fmt.Errorf("%s occurs twice", word)
		}
		list = append(list, word)
	}
	*w.value = list
	return nil
}

// Word returns the one of a few words that s means: upper case, hyphens and underscores
// make no difference, so that SHA-256 is sha256. false: none, or more than one.
func Word(s string, of []string) (word string, ok bool) {
	if slices.Contains(of, s) {
		return s, true
	}
	for _, w := range of {
		if bare(w) != bare(s) {
			continue
		}
		if ok {
			return "", false
		}
		word, ok = w, true
	}
	return word, ok
}

// bare returns a word in lower case, without hyphens and underscores.
func bare(s string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s))
}
