package iscsiadm

import (
	"fmt"
	"strings"
)

// An option is one that stands on a command line, or what stands in its place.
type option struct {
	letter byte   // '?': it cannot be read
	value  string // empty where the option takes none

	// Of one that cannot be read: what is wrong, and the letter of an option that is
	// unknown or lacks its value; 0: there is none.
	wrong   string
	culprit byte
}

// options takes a command line apart as getopt_long does: options and other words in any
// order, which are passed over, until a word "--"; letters together and with their
// values; names cut short where one alone begins like that.
func options(args []string) []option {
	var found []option
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		switch {
		case word == "--":
			return found
		case strings.HasPrefix(word, "--"):
			o, more := longOption(word[2:], len(args) > 0)
			if more {
				o.value, args = args[0], args[1:]
			}
			found = append(found, o)
		case strings.HasPrefix(word, "-"):
			found, args = lettersOf(found, word[1:], args)
		}
	}
	return found
}

// lettersOf adds the options of a word of letters; rest is what follows that word.
func lettersOf(found []option, word string, rest []string) ([]option, []string) {
	for i := range len(word) {
		letter := word[i]
		switch {
		case contains(valueless, letter):
			found = append(found, option{letter: letter})
		case !contains(valued, letter):
			found = append(found, option{letter: '?', wrong: fmt.Sprintf("invalid option -- '%s'", shown(word[i:i+1])), culprit: letter})
		case i+1 < len(word):
			return append(found, option{letter: letter, value: word[i+1:]}), rest
		case len(rest) > 0:
			return append(found, option{letter: letter, value: rest[0]}), rest[1:]
		default:
			found = append(found, option{letter: '?', wrong: fmt.Sprintf("option requires an argument -- '%c'", letter), culprit: letter})
		}
	}
	return found, rest
}

// longOption reads a word that begins with "--". next reports that the value is the
// next word, and there is one. What stands behind '=' is never repeated: it may be a
// secret.
func longOption(word string, follows bool) (o option, next bool) {
	name, value, given := strings.Cut(word, "=")
	letter, long := findLong(name)
	switch {
	case len(long) == 0:
		return option{letter: '?', wrong: fmt.Sprintf("unrecognized option '--%s'", shown(name))}, false
	case len(long) > 1:
		possible := "'--" + strings.Join(long, "' '--") + "'"
		return option{letter: '?', wrong: fmt.Sprintf("option '--%s' is ambiguous; possibilities: %s", shown(name), possible)}, false
	case contains(valueless, letter) && given:
		return option{letter: '?', wrong: fmt.Sprintf("option '--%s' doesn't allow an argument", long[0]), culprit: letter}, false
	case contains(valueless, letter) || given:
		return option{letter: letter, value: value}, false
	case follows:
		return option{letter: letter}, true
	}
	return option{letter: '?', wrong: fmt.Sprintf("option '--%s' requires an argument", long[0]), culprit: letter}, false
}

// findLong returns the names that begin with name, and the letter of the last of them; a
// name that is whole stands alone.
func findLong(name string) (letter byte, long []string) {
	for _, o := range longOptions {
		if o.name == name {
			return o.letter, []string{name}
		}
		if strings.HasPrefix(o.name, name) {
			letter, long = o.letter, append(long, o.name)
		}
	}
	return letter, long
}
