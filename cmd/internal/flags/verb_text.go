package flags

import (
	"strings"

	"github.com/spf13/cobra"
)

// PathOf returns a verb as it is written after discover; empty: the root.
func PathOf(cmd *cobra.Command) string {
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	return path
}

// Below returns a word as it stands below a verb.
func Below(cmd *cobra.Command, word string) string {
	return strings.TrimPrefix(PathOf(cmd)+" "+word, " ")
}

// Spaced puts a space before what is not empty.
func Spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}
