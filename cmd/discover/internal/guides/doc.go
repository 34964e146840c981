// Package guides has the guides that discover prints: pages of docs, with links to each other
// and to the verbs.
package guides
