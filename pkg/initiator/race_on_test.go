//go:build race

package initiator_test

// raceEnabled says that the race detector is on, which makes all slower.
const raceEnabled = true
