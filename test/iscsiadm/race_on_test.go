//go:build race

package iscsiadm

// The command is built with the race detector where the tests are.
const raceEnabled = true
