package output_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-iscsi/discovery/test/output"
)

// A Buffer keeps all, or the beginning; a writer is never told that there is no room.
func TestBuffer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		limit int
		want  string
	}{{0, "onetwothree"}, {5, "onetw"}, {3, "one"}} {
		b := output.Buffer{Limit: tt.limit}
		for _, s := range []string{"one", "two", "three"} {
			if n, err := b.Write([]byte(s)); n != len(s) || err != nil {
				t.Errorf("limit %d: got %d, %v", tt.limit, n, err)
			}
		}
		if got := b.String(); got != tt.want {
			t.Errorf("limit %d: got %q, want %q", tt.limit, got, tt.want)
		}
	}
}

// TestAwait: a text is there when its last part was written, or the error says what is.
func TestAwait(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		writes []string
		want   string
	}{
		{"at once", []string{"a whole"}, ""},
		{"in parts", []string{"a w", "ho", "le"}, ""},
		{"nothing", nil, "\"whole\" was not written within 1m0s, but\n"},
		{"another", []string{"who", " is it"}, "\"whole\" was not written within 1m0s, but\nwho is it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var b output.Buffer
				begun := time.Now()
				go func() {
					for _, s := range tt.writes {
						synctest.Wait() // until it waits, again
						_, _ = b.Write([]byte(s))
					}
				}()
				got := ""
				if err := b.Await(time.Minute, "whole"); err != nil {
					got = err.Error()
				}
				if got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				if waited := time.Since(begun); tt.want == "" && waited != 0 { // by a clock that goes on when all wait
					t.Errorf("it waited for %v, and was not woken", waited)
				}
			})
		})
	}
}
