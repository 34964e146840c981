// Package powercut finds out what a power failure may leave of a program's files.
//
// A [Disk] records what child processes of a test have the system do to the files
// in a folder, and tells for each moment what could be on the disk if the power had
// failed then. It takes the word of POSIX, and no more:
//
//   - What was written to a file is there once the file was synced after it.
//   - A name is there, or gone, once the folder that it is in was synced after it.
//     So a new file in a new folder needs both, and the folder above as well.
//   - All else may be there or not, in any order; of a write any of its sectors.
//
// Most file systems keep more than that, but not the same. A test that only kills
// the program sees none of it, because the kernel goes on.
//
// The record is made with ptrace(2), without a program or a library that a system
// may lack, on linux/amd64.
package powercut
