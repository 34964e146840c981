// Package job has what the tests of IPsec let a program do in a process of its own, or
// in a guest: to discover, to connect, to listen. What became of it is a Report, which
// the program prints.
//
// Nothing that takes long to start may be imported here: a guest starts a program for
// each Job.
package job
