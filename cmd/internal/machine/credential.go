package machine

import (
	"errors"
	"path/filepath"
)

// Credential returns the path of a credential of the systemd unit.
func (w *Env) Credential(name string) (path string, err error) {
	dir, _ := w.LookupEnv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return "", errors.New("CREDENTIALS_DIRECTORY is not set: systemd sets it for a unit that has credentials")
	}
	return filepath.Join(dir, name), nil
}
