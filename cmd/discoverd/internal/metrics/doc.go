// Package metrics has the metrics of discoverd: what a watch reports becomes series of a
// Prometheus registry of its own, and what is not watched any more leaves none.
package metrics
