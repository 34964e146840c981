package fleetprogram

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// program is the name of the file.
const program = "discover-fleet"

// errMissing says what to install.
var errMissing = errors.New("discover fleet needs the program " + program + ", which is neither beside discover nor in PATH: install it from the same release (it is built from cmd/" + program + ")")

// find returns the path of the program.
func find() (string, error) {
	file := program
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	if self, err := os.Executable(); err == nil {
		if whole, err := filepath.EvalSymlinks(self); err == nil {
			self = whole
		}
		beside := filepath.Join(filepath.Dir(self), file)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	// A program in the current folder is not taken (exec.ErrDot): whoever may write there is
	// not trusted.
	path, err := exec.LookPath(program)
	if err != nil {
		return "", errMissing
	}
	return path, nil
}
