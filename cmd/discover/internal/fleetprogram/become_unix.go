//go:build unix

package fleetprogram

import (
	"context"
	"fmt"
	"os"
	"syscall"

	"github.com/go-iscsi/discovery/cmd/internal/app"
)

// become makes this process the program, so that signals and the exit status are its own.
func become(_ context.Context, _ *app.Command, path string, args []string) error {
	err := syscall.Exec(path, append([]string{program}, args...), os.Environ())
	return fmt.Errorf("%s cannot be run: %w", path, err)
}
