// Package watch asks portals again and again, and tells what changes: targets that
// appear and vanish, portals that fail and recover. Its events are edges: each change is
// told once.
package watch
