package machine

import (
	"errors"
	"path/filepath"
)

// Credential returns the path of a credential of the systemd unit.
func (w *Env) Credential(name string) (path string, err error) {
	dir, _ := w.LookupEnv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return "", errors.New("no credentials: systemd sets CREDENTIALS_DIRECTORY for a unit that has some")
	}
	return filepath.Join(dir, name), nil
}
