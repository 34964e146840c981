// Package control is how a test and the first process of a guest talk: requests
// one way, replies the other, over one line that carries bytes. Several requests
// may be under way at once.
package control

import "io/fs"

// A Request asks the guest for one thing.
type Request struct {
	ID     uint64   // the replies have it, too; never zero
	Run    *Command // run a command
	Put    []File   // make these, in this order
	Remove []string // remove these files and empty folders, in this order
	Abort  bool     // end the command of this ID
}

// A Command is a program to run in the guest.
type Command struct {
	Args  []string // the first is the program, found in the PATH
	Env   []string // added to the guest's environment
	Stdin []byte
}

// A File is one to make in the guest, or a folder where Mode says so. Folders
// above it are made where they are missing. What is there is written to: so an
// attribute of the kernel is set.
type File struct {
	Path string
	Mode fs.FileMode // permissions, and whether it is a folder
	Data []byte
}

// A Reply is a part of the answer to a request. Those with ID zero come by
// themselves: the one that is Done first of all, to say that the guest is ready,
// or why not.
type Reply struct {
	ID             uint64
	Taken          int // bytes that the guest has read from the line, with ID zero
	Stdout, Stderr []byte
	Done           bool   // it is the last one
	Status         int    // exit status of a command, -1 if a signal ended it
	Error          string // what went wrong, other than by exit status
}
