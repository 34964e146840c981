package machine

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// findProgram returns the path of a program that belongs to this one: beside it, or else in
// PATH. One in the current folder alone is not taken (exec.ErrDot): who may write there is
// not known.
func findProgram(name string) (string, error) {
	file := name
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
	return exec.LookPath(name)
}
