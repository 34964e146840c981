package flags

import "github.com/spf13/pflag"

// A Group is flags that belong together in the manual.
type Group struct {
	Title string
	Set   *pflag.FlagSet
}

// NewGroup returns a group under a headline.
func NewGroup(title string, flags *pflag.FlagSet) Group { return Group{title, flags} }
