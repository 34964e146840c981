package flags

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/go-iscsi/discovery/cmd/internal/machine"
)

// Credentials returns cred:NAME of those references that mean a credential which systemd
// gives to the program, also by a path of its file.
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

// CredentialFiles returns cred:NAME of those files that are such credentials, also where a
// path is relative or leads over symbolic links. Of a file that is not there yet the text of
// the path counts.
func CredentialFiles(w *machine.Env, paths ...string) (all []string) {
	folder, err := w.Credential("")
	if err != nil {
		return nil
	}
	files, _ := os.ReadDir(folder) // where it cannot be read, the name in the path is tried
	for _, path := range paths {
		names := []string{filepath.Base(path)}
		for _, f := range files {
			names = append(names, f.Name())
		}
		for _, name := range names {
			if ref := "cred:" + name; path != "" && isCredential(name) && isFile(path, filepath.Join(folder, name)) && !slices.Contains(all, ref) {
				all = append(all, ref)
			}
		}
	}
	return all
}

// isFile reports whether two paths are of one file.
func isFile(path, other string) bool {
	if filepath.Clean(path) == filepath.Clean(other) {
		return true
	}
	one, err := os.Stat(path)
	if err != nil {
		return false
	}
	two, err := os.Stat(other)
	return err == nil && os.SameFile(one, two)
}
