//go:build !unix

package safefile

import "io/fs"

const openFlags = 0

func syncFolder(string) error { return nil }

func syncAround(string) error { return nil }

// Foreign returns false: the folder's access list decides who may make files.
func Foreign(string, fs.FileInfo) bool { return false }
