// Package flags understands the command line: the flags that several verbs take, in
// groups, and the options of the library that they become. It sends nothing; of files it
// reads those that hold a secret or the initiator's name.
package flags
