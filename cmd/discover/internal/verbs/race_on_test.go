//go:build race

package verbs

// manyTargets is a list that has to be shown whole. With the race detector, which takes
// minutes for one as long as without it, it is shorter.
const manyTargets = 40_000
