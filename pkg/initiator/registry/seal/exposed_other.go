//go:build !unix

package seal

import "io/fs"

// exposed returns false: there are no mode bits here.
func exposed(fs.FileInfo) bool { return false }
