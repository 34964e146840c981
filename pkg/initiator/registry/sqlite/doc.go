// Package sqlite keeps a registry in a file: a registry.Store on SQLite, in pure Go. Any
// number of goroutines and processes of one host may use the file at the same time. See
// [Open] for the files and their modes, [Store] for locks and durability.
package sqlite
