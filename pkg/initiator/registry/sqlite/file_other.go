//go:build !unix

package sqlite

import "io/fs"

// exposed returns 0: there are no mode bits here, and the folder's access list
// decides.
func exposed(fs.FileInfo) fs.FileMode { return 0 }

func sameOwner(fs.FileInfo, fs.FileInfo) bool { return true }

func isFull(error) bool { return false }

// isReadOnly reports a file system that is mounted read-only.
func isReadOnly(error) bool { return false }
