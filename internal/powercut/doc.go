// Package powercut finds out what a power failure may leave of a program's files: a [Disk]
// records what child processes of a test have the system do to the files in a folder, and
// tells for each moment what could be on the disk if the power had failed then. It records
// with ptrace(2), on linux/amd64.
package powercut
