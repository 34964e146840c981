package main

import (
	"path/filepath"

	"github.com/go-iscsi/discovery/cmd/discover/internal/flags"
	"github.com/go-iscsi/discovery/cmd/discover/internal/machine"
)

// registryPath returns the file of the registry: that of --registry, that of
// DISCOVER_REGISTRY, or the usual place of the system.
func (c *Command) registryPath() (string, error) {
	path, _, err := c.registryPlace()
	return path, err
}

// registryPlace returns the file of the registry, and what says that it is there.
func (c *Command) registryPlace() (path, from string, err error) {
	if c.global.Registry != "" {
		return c.global.Registry, "--registry", nil
	}
	switch path, set := c.LookupEnv(flags.RegistryVariable); {
	case set && path == "": // as with an empty --registry: a script did not mean the usual place
		return "", "", machine.Usagef("%s is empty: let it name the registry, or unset it", flags.RegistryVariable)
	case set:
		return path, flags.RegistryVariable, nil
	}
	if path = c.UsualRegistry(); !filepath.IsAbs(path) {
		return "", "", machine.Usagef("no home directory to keep the registry in: give --registry FILE")
	}
	return path, "default", nil
}

// registryName returns the file of the registry for a line that people read.
func (c *Command) registryName() string {
	path, err := c.registryPath()
	if err != nil {
		return ""
	}
	return path
}
