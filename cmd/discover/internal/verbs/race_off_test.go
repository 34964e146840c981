//go:build !race

package verbs

// manyTargets is a list that has to be shown whole.
const manyTargets = 200_000
