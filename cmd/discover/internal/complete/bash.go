package complete

import (
	_ "embed" // the script
	"io"
)

//go:embed discover.bash
var bashScript string

// WriteBash prints the script for bash. cobra's needs functions of the package
// bash-completion, which a plain bash does not have.
func WriteBash(w io.Writer) error {
	_, err := io.WriteString(w, bashScript)
	return err
}
