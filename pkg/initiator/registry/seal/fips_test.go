package seal

import (
	"crypto/fips140"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-iscsi/discovery/pkg/auth"
)

// TestFIPS seals and opens in a process where FIPS 140-3 is enforced, in which
// XChaCha20-Poly1305 and scrypt are not to be had.
func TestFIPS(t *testing.T) {
	t.Parallel()
	const inChild = "SEAL_TEST_FIPS"
	if os.Getenv(inChild) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFIPS$", "-test.v")
		cmd.Env = append(os.Environ(), inChild+"=1", "GODEBUG=fips140=only")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if !fips140.Enforced() {
		t.Fatal("FIPS 140-3 is not enforced")
	}
	phrase, err := Passphrase(auth.NewSecret([]byte("passphrase")), NewSalt())
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*Sealer{
		"key file":         KeyFile(filepath.Join(t.TempDir(), "registry.key")),
		"passphrase":       phrase,
		"short passphrase": must(Passphrase(auth.NewSecret([]byte("p")), NewSalt())),
	} {
		sealed, err := s.Seal(auth.NewSecret([]byte("twelve bytes")), "c")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if opened, err := s.Open(sealed, "c"); err != nil || opened.Len() != 12 {
			t.Errorf("%s: %v", name, err)
		}
		sealed[1] = byte(xChaCha20Poly1305)
		var algorithm *AlgorithmError
		if _, err := s.Open(sealed, "c"); !errors.As(err, &algorithm) {
			t.Errorf("%s: got %v, want an AlgorithmError", name, err)
		}
	}
}

func must(s *Sealer, err error) *Sealer {
	if err != nil {
		panic(err)
	}
	return s
}
