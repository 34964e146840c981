package seal

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-iscsi/discovery/internal/safefile"
)

// A key file is replaced in three steps, so that a process that is stopped between two of
// them leaves a key for everything: NextKey makes the new key beside the old one;
// what was sealed is sealed again, at once, together with the id of the new key;
// TakeNextKey gives the new key the old one's name. KeyFileOf finds the key by its id
// in either place.

// NextKey makes a new key beside the key file at path, for the owner of the file like,
// and returns its id, by which KeyFileOf and TakeNextKey know it.
func NextKey(path, like string) (id string, err error) {
	material := newMaterial()
	k, err := newKey(aes256GCM, material)
	if err != nil {
		return "", err
	}
	id = k.id.String()
	return id, writeKeyFile(nextKeyFile(path, id), like, material)
}

// KeyFileOf returns the Sealer of the key with an id, in the key file at path or still
// beside it. It makes none.
func KeyFileOf(path, id string) *Sealer {
	return newSealer(func(algorithm, bool) ([]byte, error) {
		// It can be renamed between the first look and the second.
		for _, name := range []string{path, nextKeyFile(path, id), path} {
			material, err := readKeyFile(name)
			switch {
			case errors.Is(err, fs.ErrNotExist):
			case err != nil:
				return nil, err
			case idOf(material) == id:
				return material, nil
			default:
				clear(material)
			}
		}
		return nil, &KeyFileError{
			Path: path, Reason: "the key " + id + ", with which the secrets are sealed, is neither in it nor beside it",
			Err: fs.ErrNotExist, Hint: "restore it, or set the secrets again that are sealed with it",
		}
	})
}

// TakeNextKey makes the key with an id the one in the key file at path. It is no error
// where that was done already.
func TakeNextKey(path, id string) error {
	err := safefile.Replace(nextKeyFile(path, id), path)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return &KeyFileError{Path: path, Reason: "it cannot be replaced by " + nextKeyFile(path, id), Err: err}
}

// DropNextKeys removes keys that NextKey has made beside path and that nothing was
// sealed by: all but the one with the id keep. Nobody must be between NextKey and
// the sealing meanwhile.
func DropNextKeys(path, keep string) error {
	for _, id := range NextKeys(path) {
		if id == keep {
			continue
		}
		if err := safefile.Remove(nextKeyFile(path, id)); err != nil {
			return &KeyFileError{Path: nextKeyFile(path, id), Reason: "it cannot be removed", Err: err}
		}
	}
	return nil
}

// NextKeys returns the ids of the keys beside the key file at path.
func NextKeys(path string) (ids []string) {
	entries, _ := os.ReadDir(filepath.Dir(path)) // what cannot be seen is not used either
	for _, entry := range entries {
		id, ok := strings.CutPrefix(entry.Name(), filepath.Base(path)+".")
		if b, err := hex.DecodeString(id); ok && err == nil && len(b) == idLen {
			ids = append(ids, id)
		}
	}
	return ids
}

// nextKeyFile is the place of a new key beside path.
func nextKeyFile(path, id string) string { return path + "." + id }

// idOf returns the id of the key that material gives.
func idOf(material []byte) string {
	k, err := newKey(aes256GCM, material)
	if err != nil {
		return ""
	}
	return k.id.String()
}
