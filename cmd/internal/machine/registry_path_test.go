package machine

import (
	"path/filepath"
	"testing"
)

// Where the registry is by default.
func TestUsualRegistry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		system string
		root   bool
		env    map[string]string
		want   string
	}{
		{"linux", true, nil, "/var/lib/discover/registry.db"},
		{"linux", false, map[string]string{"HOME": "/home/u"}, "/home/u/.local/state/discover/registry.db"},
		{"linux", false, map[string]string{"HOME": "/home/u", "XDG_STATE_HOME": "/state"}, "/state/discover/registry.db"},
		{"linux", false, map[string]string{"HOME": "/home/u", "XDG_STATE_HOME": "relative"}, "/home/u/.local/state/discover/registry.db"},
		{"freebsd", true, map[string]string{"HOME": "/root"}, "/var/lib/discover/registry.db"},
		{"darwin", true, nil, "/Library/Application Support/discover/registry.db"},
		{"darwin", false, map[string]string{"HOME": "/Users/u"}, "/Users/u/Library/Application Support/discover/registry.db"},
	} {
		w := Env{System: tt.system, Root: tt.root, LookupEnv: func(name string) (string, bool) {
			v, ok := tt.env[name]
			return v, ok
		}}
		if got := filepath.ToSlash(w.UsualRegistry()); got != tt.want {
			t.Errorf("%s, root %v, %v: got %s, want %s", tt.system, tt.root, tt.env, got, tt.want)
		}
	}
}
