// Package sqlite keeps a registry in a file: an initiator.Store on SQLite, in
// pure Go.
//
// # The file
//
// Open makes the file where there is none, whole or not at all, with mode 0600,
// and its folder with mode 0700. Beside it SQLite keeps PATH-wal and PATH-shm
// while it is in use; after a crash PATH-wal holds acknowledged changes, so it
// belongs to the file. To copy a registry that is in use, copy it with SQLite's
// own means (.backup, VACUUM INTO).
//
// A file that is not a registry is refused with a [*FileError] and left as it
// is: one of another program, a damaged one, one of a newer version, an empty
// one, a folder, a symbolic link, a device. So is one that others than its owner
// may write, or that everybody may read: secrets in it are sealed, but a
// passphrase can be guessed. Its group may read it, where somebody has set it
// so; a member of the group uses [OpenReadOnly], which then leaves no file behind.
//
// # Several at once
//
// Any number of goroutines and processes of one host may use a registry at the
// same time. Readers do not wait; writers wait for each other, for
// [BusyLimit] at most. A caller that changes several records by what it has read uses
// [Store.Revise]. File systems of a network are not suited: their locks
// lie.
//
// # Durability
//
// When Apply returns nil, the change is on the disk: write-ahead log,
// synchronous=FULL, and F_FULLFSYNC where there is such a thing. A process may be
// killed at any moment, and so may the host.
package sqlite
