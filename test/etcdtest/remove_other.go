//go:build !unix

package etcdtest

import "os"

// removeAtEnd returns a function that removes a folder. Where this process is killed, the
// folder stays on this system.
func removeAtEnd(folder string) (remove func(), err error) {
	return func() { os.RemoveAll(folder) }, nil
}
