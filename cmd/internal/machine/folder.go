package machine

import (
	"os"
	"path/filepath"
	"strings"
)

// listFolder returns the names in a folder; that of a folder, or of a link to one, ends
// with a slash.
func listFolder(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		name := e.Name()
		if info, err := os.Stat(filepath.Join(path, name)); err == nil && info.IsDir() {
			name += "/"
		}
		names = append(names, name)
	}
	return names, nil
}

// variableNames returns the names of the environment variables, and no value.
func variableNames() []string {
	var names []string
	for _, setting := range os.Environ() {
		if name, _, _ := strings.Cut(setting, "="); name != "" { // Windows has some that begin with =
			names = append(names, name)
		}
	}
	return names
}
