package render

import "time"

// TimeText is a time for people.
func TimeText(t time.Time) string { return t.UTC().Truncate(time.Second).Format(time.RFC3339) }
