package iscsiadm

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// ReadSettings reads a file of "KEY = VALUE" lines with the keys that are given, each
// once at most. Empty lines, and those that begin with #, do not count. Its error names
// the line, and repeats no value.
func ReadSettings(b []byte, keys ...string) (map[string]string, error) {
	settings, lines := make(map[string]string), make(map[string]int)
	i := 0
	for line := range bytes.Lines(b) {
		i++
		s := strings.TrimFunc(string(line), blank)
		if s == "" || s[0] == '#' {
			continue
		}
		key, value, found := strings.Cut(s, "=")
		key, value = strings.TrimFunc(key, blank), strings.TrimFunc(value, blank)
		switch {
		case harmful(s):
			return nil, fmt.Errorf("line %d has control characters, or is not valid UTF-8", i)
		case !found:
			return nil, fmt.Errorf("line %d is not KEY = VALUE", i)
		case !slices.Contains(keys, key):
			return nil, fmt.Errorf("line %d: the key %s is not known; one of %s is", i, shown(key), strings.Join(keys, ", "))
		case value == "":
			return nil, fmt.Errorf("line %d: %s has no value", i, key)
		case lines[key] > 0:
			return nil, fmt.Errorf("line %d: %s stands in line %d already", i, key, lines[key])
		}
		settings[key], lines[key] = value, i
	}
	return settings, nil
}
