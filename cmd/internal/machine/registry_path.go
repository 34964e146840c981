package machine

import "path/filepath"

// UsualRegistries says where the registry is by default, whatever the system and the user.
const UsualRegistries = "/var/lib/discover/registry.db for root, for other users discover/registry.db in $XDG_STATE_HOME or ~/.local/state (macOS: Library/Application Support/discover, Windows: %LocalAppData%\\discover)"

// UsualRegistry returns where the registry is by default; a path that is not
// absolute: nowhere.
func (w *Env) UsualRegistry() string {
	env := func(name string) string {
		value, _ := w.LookupEnv(name)
		return value
	}
	const name = "registry.db"
	switch {
	case w.System == "windows":
		return filepath.Join(env("LocalAppData"), "discover", name)
	case w.System == "darwin" && w.Root:
		return filepath.Join("/Library/Application Support/discover", name)
	case w.System == "darwin":
		return filepath.Join(env("HOME"), "Library/Application Support/discover", name)
	case w.Root:
		return filepath.Join("/var/lib/discover", name)
	case filepath.IsAbs(env("XDG_STATE_HOME")):
		return filepath.Join(env("XDG_STATE_HOME"), "discover", name)
	}
	return filepath.Join(env("HOME"), ".local/state/discover", name)
}
