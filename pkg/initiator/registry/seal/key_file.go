package seal

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/go-iscsi/discovery/internal/safefile"
)

// keyFileLen is the length of a key file: 32 bytes in hexadecimal digits, and a
// newline.
const keyFileLen = 2*materialLen + 1

// KeyFile returns the Sealer of the key in a file. Where there is no file, Seal
// makes one with a new key, which only its owner may read; Open never does.
func KeyFile(path string) *Sealer { return KeyFileFor(path, "") }

// KeyFileFor is KeyFile, and a key that root makes belongs to the owner of another
// file, such as that of the registry.
func KeyFileFor(path, like string) *Sealer {
	return newSealer(func(_ algorithm, create bool) ([]byte, error) {
		material, err := readKeyFile(path)
		if !create || !errors.Is(err, fs.ErrNotExist) {
			return material, err
		}
		err = writeKeyFile(path, like, newMaterial())
		if err != nil && !errors.Is(err, fs.ErrExist) { // another process has made it meanwhile
			return nil, err
		}
		return readKeyFile(path)
	})
}

func newMaterial() []byte {
	material := make([]byte, materialLen)
	_, _ = rand.Read(material) // it never fails
	return material
}

// writeKeyFile makes a key file, and clears material.
func writeKeyFile(path, like string, material []byte) error {
	defer clear(material)
	text := append(hex.AppendEncode(nil, material), '\n')
	defer clear(text)
	if err := safefile.CreateFor(path, text, like); err != nil {
		return &KeyFileError{Path: path, Reason: "it cannot be created", Err: err}
	}
	return nil
}

// readKeyFile returns the key in a file that no other user may read.
func readKeyFile(path string) ([]byte, error) {
	f, err := safefile.Open(path)
	if err != nil {
		e := &KeyFileError{Path: path, Reason: "it cannot be opened", Err: err}
		if errors.Is(err, fs.ErrNotExist) {
			e.Hint = "restore it, or set the secrets again that are sealed with it"
		}
		return nil, e
	}
	defer f.Close() //nolint:errcheck // nothing was written through it
	info, err := f.Stat()
	if err != nil {
		return nil, &KeyFileError{Path: path, Reason: "it cannot be read", Err: err}
	}
	if exposed(info) {
		return nil, &KeyFileError{
			Path: path, Reason: fmt.Sprintf("others can read or write it: its mode is %#o", info.Mode().Perm()),
			Hint: "run chmod 600 on it, and find out who had access",
		}
	}
	if safefile.Foreign(path, info) {
		return nil, &KeyFileError{Path: path, Reason: "it belongs to another user", Hint: "move it away, and find out who put it there"}
	}
	text, err := io.ReadAll(io.LimitReader(f, keyFileLen+1))
	if err != nil {
		return nil, &KeyFileError{Path: path, Reason: "it cannot be read", Err: err}
	}
	defer clear(text)
	material, ok := parseKeyFile(text)
	if !ok {
		return nil, &KeyFileError{Path: path, Reason: "it is not a key file, which has 64 hexadecimal digits and a newline"}
	}
	return material, nil
}

// parseKeyFile returns the key in a text. The reason why there is none stays
// untold: it could show a part of a key.
func parseKeyFile(text []byte) ([]byte, bool) {
	if len(text) != keyFileLen || text[keyFileLen-1] != '\n' {
		return nil, false
	}
	material := make([]byte, materialLen)
	_, err := hex.Decode(material, text[:keyFileLen-1])
	return material, err == nil
}

// CheckKeyFile returns what is wrong with the key file at path, or nil: it is missing,
// is no key file, may be read by others, or belongs to another user than the file like,
// whose owner then cannot read it.
func CheckKeyFile(path, like string) error {
	material, err := readKeyFile(path)
	if err != nil {
		return err
	}
	clear(material)
	if !safefile.SameOwner(path, like) {
		return &KeyFileError{Path: path, Reason: "it belongs to another user than " + like, Hint: "make the owner of the registry its owner"}
	}
	return nil
}
