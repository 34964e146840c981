// Package verbs has the verbs of the command, a file for each, with their own flags and
// what they answer; what several of them need is in package app.
package verbs
