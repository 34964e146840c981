package host

import "fmt"

// explain says what failed.
func explain(what string, err error) error { return fmt.Errorf("%s: %w", what, err) }
