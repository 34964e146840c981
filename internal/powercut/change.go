package powercut

// A kind is what a change does.
type kind uint8

const (
	say      kind = iota // data was written to standard output
	write                // data was written to a file, at an offset
	truncate             // a file got a size, which is the offset
	mapped               // a file may change in memory from now on, unseen
	link                 // a folder got a name for a file
	unlink               // a folder lost a name
	sync                 // a file or folder was synced
	syncAll              // all of them were
)

// A change is one thing that a process did.
type change struct {
	kind   kind
	file   int // number of the file or folder, or of the folder that has the name
	offset int64
	data   []byte
	name   string
	target int // of link: the number of what got the name
	before int // of a sync: how many changes were complete when it began
}

// root is the number of the folder that is watched.
const root = 0

// A node is a file or folder as the processes see it.
type node struct {
	folder bool
	names  map[string]int // of a folder: numbers of its files
}
