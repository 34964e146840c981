package flags

import (
	"path/filepath"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// Credentials returns cred:NAME of those references that mean a credential which systemd
// gives to the program, also by the path of its file.
func Credentials(w *machine.Env, refs ...*SecretRef) (all []string) {
	for _, r := range refs {
		switch r.Scheme {
		case "cred":
			all = append(all, "cred:"+r.rest)
		case "file":
			all = append(all, CredentialFiles(w, r.rest)...)
		}
	}
	return all
}

// CredentialFiles returns cred:NAME of those files that are such credentials.
func CredentialFiles(w *machine.Env, paths ...string) (all []string) {
	for _, path := range paths {
		name := filepath.Base(path)
		if at, err := w.Credential(name); err == nil && path != "" && filepath.Clean(path) == filepath.Clean(at) {
			all = append(all, "cred:"+name)
		}
	}
	return all
}
