// Package api answers /api/v1: what the registry has, as discover prints it in JSON, and
// the events of the watch.
package api
