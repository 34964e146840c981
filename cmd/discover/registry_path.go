package main

import (
	"path/filepath"
)

// registryVariable is the environment variable that says where the registry is.
const registryVariable = "DISCOVER_REGISTRY"

// registryPath returns the file of the registry: that of --registry, that of
// DISCOVER_REGISTRY, or the usual place of the system.
func (c *command) registryPath() (string, error) {
	path, _, err := c.registryPlace()
	return path, err
}

// registryPlace returns the file of the registry, and what says that it is there.
func (c *command) registryPlace() (path, from string, err error) {
	if c.global.registry != "" {
		return c.global.registry, "--registry", nil
	}
	switch path, set := c.lookupEnv(registryVariable); {
	case set && path == "": // as with an empty --registry: a script did not mean the usual place
		return "", "", usagef("%s is empty: let it name the registry, or unset it", registryVariable)
	case set:
		return path, registryVariable, nil
	}
	if path = c.usualRegistry(); !filepath.IsAbs(path) {
		return "", "", usagef("no home directory to keep the registry in: give --registry FILE")
	}
	return path, "default", nil
}

// registryName returns the file of the registry for a line that people read.
func (c *command) registryName() string {
	path, err := c.registryPath()
	if err != nil {
		return ""
	}
	return path
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
