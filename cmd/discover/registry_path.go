package main

import (
	"path/filepath"
)

// registryPath returns the file of the registry: that of --registry, or the
// usual place of the system.
func (c *command) registryPath() (string, error) {
	if c.global.registry != "" {
		return c.global.registry, nil
	}
	path := c.usualRegistry()
	if !filepath.IsAbs(path) {
		return "", usagef("no home directory to keep the registry in: give --registry FILE")
	}
	return path, nil
}

// usualRegistry returns where the registry is by default; a path that is not
// absolute: nowhere.
func (w *world) usualRegistry() string {
	env := func(name string) string {
		value, _ := w.lookupEnv(name)
		return value
	}
	const name = "registry.db"
	switch {
	case w.system == "windows":
		return filepath.Join(env("LocalAppData"), "discover", name)
	case w.system == "darwin" && w.root:
		return filepath.Join("/Library/Application Support/discover", name)
	case w.system == "darwin":
		return filepath.Join(env("HOME"), "Library/Application Support/discover", name)
	case w.root:
		return filepath.Join("/var/lib/discover", name)
	case filepath.IsAbs(env("XDG_STATE_HOME")):
		return filepath.Join(env("XDG_STATE_HOME"), "discover", name)
	}
	return filepath.Join(env("HOME"), ".local/state/discover", name)
}
