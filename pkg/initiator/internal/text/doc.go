// Package text makes texts that a peer sent fit for messages, and reads numbers
// strictly.
package text
