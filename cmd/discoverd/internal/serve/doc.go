// Package serve is the HTTP side of discoverd: which requests are let in, how much time
// and memory a client may take, where it listens, and how it ends.
package serve
