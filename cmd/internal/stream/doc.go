// Package stream writes the lines of a command: each at once, and many in few writes. It also
// tells lines that were written before.
package stream

// MaxLines is about how many bytes of lines a caller gathers for one write.
const MaxLines = 32 << 10
