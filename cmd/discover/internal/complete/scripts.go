package complete

import (
	_ "embed" // the function for fish
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

//go:embed discover.fish
var fishFunction string

// errScript says that a version of cobra has another script than the one that is corrected.
var errScript = errors.New("the completion script is not as expected")

// WriteFish prints cobra's script for fish with a function of ours in the place of that which
// asks discover. Of a result as --ipsec=transport the script makes options of fish's string,
// which then fails; this is corrected as well.
func WriteFish(w io.Writer, root *cobra.Command) error {
	var b strings.Builder
	if err := root.GenFishCompletion(&b, true); err != nil {
		return err
	}
	return corrected(w, b.String()+fishFunction, `string split --max 1 \t $`, `string split --max 1 -- \t $`)
}

// WriteZsh prints cobra's script for zsh. Its eval would run the command substitutions of a
// line at each TAB; here the words are only taken out of their quotes.
func WriteZsh(w io.Writer, root *cobra.Command) error {
	var b strings.Builder
	if err := root.GenZshCompletion(&b); err != nil {
		return err
	}
	return corrected(w, b.String(), `
    # Use eval to handle any environment variables and such
    out=$(eval ${requestComp} 2>/dev/null)
`, `
    local -a asked
    asked=("${(@Q)${(z)requestComp}}")
    asked[1]=${~asked[1]}
    whence -p -- "${asked[1]}" >/dev/null || asked[1]=discover
    out=$("${asked[@]}" 2>/dev/null)
`)
}

// corrected prints a script with one text in the place of another, which it must have.
func corrected(w io.Writer, script, old, text string) error {
	if !strings.Contains(script, old) {
		return errScript
	}
	_, err := io.WriteString(w, strings.ReplaceAll(script, old, text))
	return err
}
