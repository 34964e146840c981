//go:build !unix

package sqlite

import "io/fs"

const openFlags = 0

// exposed returns 0: there are no mode bits here, and the folder's access list
// decides.
func exposed(fs.FileInfo) fs.FileMode { return 0 }

func sameOwner(fs.FileInfo, fs.FileInfo) bool { return true }

func syncFolder(string) error { return nil }

func isFull(error) bool { return false }
