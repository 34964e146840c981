//go:build race

package command

// The command is built with the race detector where the tests are.
const raceEnabled = true
