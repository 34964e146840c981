package flags

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The values of flags say themselves what would be right. Type is the word that
// stands for the value in the manual; String is empty, since the manual tells
// the defaults in words.

// A text is any string but the empty one: a script whose variable is not set does
// not mean the default.
type text struct {
	value *string
	name  string
}

// NewText returns the value of a flag that is a text. name stands for the value in the manual.
func NewText(value *string, name string) *text { return &text{value, name} }

func (t *text) String() string { return "" }

func (t *text) Type() string { return t.name }

func (t *text) Set(s string) error {
	if s == "" {
		return errors.New("the value is empty; leave the flag out for the default")
	}
	*t.value = s
	return nil
}

// texts are the values of a flag that may be given several times.
type texts struct {
	value *[]string
	name  string
}

// NewTexts returns the value of a flag that may be given several times. name stands for one
// of them in the manual.
func NewTexts(value *[]string, name string) *texts { return &texts{value, name} }

func (t *texts) String() string { return "" }

func (t *texts) Type() string { return t.name }

func (t *texts) Set(s string) error {
	var one string
	if err := (&text{&one, t.name}).Set(s); err != nil {
		return err
	}
	*t.value = append(*t.value, one)
	return nil
}

// A fileName is a file that is to be written.
type fileName struct{ value *string }

func (f *fileName) String() string { return "" }

func (f *fileName) Type() string { return "FILE" }

func (f *fileName) Set(s string) error {
	if s == "" || s == "-" {
		return errors.New("expected the name of a file")
	}
	*f.value = s
	return nil
}

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
	if !slices.Contains(c.of, s) {
		return errors.New("expected one of " + strings.Join(c.of, ", "))
	}
	*c.value = s
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
	list := strings.Split(s, ",")
	for i, word := range list {
		if !slices.Contains(w.of, word) {
			return errors.New("expected one or more of " + strings.Join(w.of, ",") + ", separated by commas")
		}
		if slices.Contains(list[:i], word) {
			return fmt.Errorf("%s occurs twice", word)
		}
	}
	*w.value = list
	return nil
}

// A number has bounds, and knows whether it was given.
type number struct {
	value    *int64
	name     string
	min, max int64
	given    *bool // set where the flag is there; nil: it makes no difference

	// checked takes every number of 32 bits: min and max are a rule of the reference
	// API, whose refusal is a result (EFFF0056, exit status 1) and no usage error.
	checked bool
}

func (n *number) String() string { return "" }

func (n *number) Type() string { return n.name }

func (n *number) Set(s string) error {
	v, err := strconv.ParseInt(s, 10, 64)
	lowest, highest := n.min, n.max
	if n.checked {
		lowest, highest = 0, math.MaxUint32
	}
	if err != nil || v < lowest || v > highest {
		return fmt.Errorf("expected a number from %d to %d", n.min, n.max)
	}
	*n.value = v
	if n.given != nil {
		*n.given = true
	}
	return nil
}

// A duration is a length of time.
type duration struct{ value *time.Duration }

// NewDuration returns the value of a flag that is a length of time.
func NewDuration(value *time.Duration) *duration { return &duration{value} }

func (d *duration) String() string { return "" }

func (d *duration) Type() string { return "DURATION" }

func (d *duration) Set(s string) error {
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return errors.New("expected a time above zero with its unit, such as 500ms, 15s or 2m")
	}
	*d.value = v
	return nil
}
