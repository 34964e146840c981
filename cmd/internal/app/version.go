package app

import (
	"runtime/debug"
	"strings"
	"time"
)

// Version is the version of the command, as it was built.
func Version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown)"
}

// Committed returns when the commit that the command was built from was made; zero: not
// known. It is the same for each build of the commit.
func Committed() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			t, _ := time.Parse(time.RFC3339, s.Value)
			return t
		}
	}
	return timeOf(info.Main.Version)
}

// timeOf returns the time in a version that Go made up for a commit without a tag, such as
// v0.0.0-20261130021500-0123456789ab; zero: there is none.
func timeOf(version string) time.Time {
	version, _, _ = strings.Cut(version, "+")
	for _, part := range strings.FieldsFunc(version, func(r rune) bool { return r == '-' || r == '.' }) {
		if t, err := time.Parse("20060102150405", part); err == nil {
			return t
		}
	}
	return time.Time{}
}
