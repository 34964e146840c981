//go:build !race

package iscsiadm

const raceEnabled = false
