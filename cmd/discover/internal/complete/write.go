package complete

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
)

// Write tells a shell's script what is offered: a line each and, in the last line, what the
// shell is to do with it. described says whether it shows descriptions.
func Write(w io.Writer, offers []string, d cobra.ShellCompDirective, described bool) error {
	var b strings.Builder
	var said []string
	for _, offer := range offers {
		word, about, _ := strings.Cut(offer, "\t")
		if !harmless(word) || slices.Contains(said, word) {
			continue
		}
		said = append(said, word)
		b.WriteString(word)
		if about = printable(about); described && about != "" {
			b.WriteString("\t" + about)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, ":%d\n", d)
	_, err := io.WriteString(w, b.String())
	return err
}

// activeHelp begins a line that cobra's scripts show and do not offer.
const activeHelp = "_activeHelp_"

// harmless reports whether a shell can be offered a word. Names from targets and files may have
// any bytes. The scripts quote what has a meaning in their shell; a word that would take
// another line or would not be seen as what it is, or that the scripts take for theirs, is
// not offered.
func harmless(word string) bool {
	return word != "" && !strings.HasPrefix(word, activeHelp) && strings.ToValidUTF8(word, "") == word &&
		!strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsPrint(r) })
}

// printable returns a description without what is not printed.
func printable(about string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, about))
}
