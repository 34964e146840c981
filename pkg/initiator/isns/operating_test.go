package isns

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// TestOperating: what counts as the message key of a response, and what follows it.
func TestOperating(t *testing.T) {
	t.Parallel()
	targets, anyDomain := NumberAttribute(TagNodeType, 1), Empty(TagDDID)
	one, two := NumberAttribute(TagDDID, 1), NumberAttribute(TagDDID, 2)
	end := Empty(TagDelimiter)
	for _, tt := range []struct {
		name    string
		key, in []Attribute
		want    string
	}{
		{"key and delimiter", list(targets), list(targets, end, node("a"), targets), "32 33"},
		{"no delimiter", list(targets), list(targets, node("a"), targets), "32 33"},
		{"no key", list(targets), list(end, node("a"), targets), "32 33"},
		{"no key, no delimiter", list(targets), list(node("a"), targets), "32 33"},
		{"nothing", list(targets), nil, ""},
		{"a key alone", list(targets), list(targets), ""},
		{"domains", list(anyDomain), list(anyDomain, end, one, member("a"), two), "2065 2068 2065"},
		{"domains, no delimiter", list(anyDomain), list(anyDomain, one, member("a"), two), "2065 2068 2065"},
		{"domains, no key, no delimiter", list(anyDomain), list(one, member("a"), two), "2065 2068 2065"},
		{"a name in other case", list(node("a")), list(node("A"), end, node("a")), "32"},
		{"another name, no key, no delimiter", list(node("a")), list(node("b"), targets), "32 33"},
	} {
		var payload []byte
		for i := range tt.in {
			payload = tt.in[i].append(payload)
		}
		m, err := NewReader(bytes.NewReader(pduOf(FlagFirst|FlagLast, 0, payload))).Next()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		err = operating(m, tt.key, func(a *Attribute) error {
			got = append(got, fmt.Sprint(uint32(a.Tag)))
			return nil
		})
		if s := strings.Join(got, " "); err != nil || s != tt.want {
			t.Errorf("%s: got %s, %v, want %s", tt.name, s, err, tt.want)
		}
	}
}
