package app

import (
	"path/filepath"

	"github.com/go-iscsi/discovery/cmd/internal/exit"
	"github.com/go-iscsi/discovery/cmd/internal/flags"
)

// RegistryPath returns the file of the registry: that of --registry, that of
// DISCOVER_REGISTRY, or the usual place of the system.
func (c *Command) RegistryPath() (string, error) {
	path, _, err := c.RegistryPlace()
	return path, err
}

// RegistryPlace returns the file of the registry, and what says that it is there.
func (c *Command) RegistryPlace() (path, from string, err error) {
	if c.Global.Registry != "" {
		return c.Global.Registry, "--registry", nil
	}
	switch path, set := c.LookupEnv(flags.RegistryVariable); {
	case set && path == "": // as with an empty --registry: a script did not mean the usual place
		return "", "", exit.Usagef("%s is empty: set it to the path of the registry, or unset it", flags.RegistryVariable)
	case set:
		return path, flags.RegistryVariable, nil
	}
	if path = c.UsualRegistry(); !filepath.IsAbs(path) {
		return "", "", exit.Usagef("there is no home directory for the registry: give --registry FILE")
	}
	return path, "default", nil
}

// RegistryName returns the file of the registry for a line that people read.
func (c *Command) RegistryName() string {
	path, err := c.RegistryPath()
	if err != nil {
		return ""
	}
	return path
}
