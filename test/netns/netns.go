// Package netns makes network namespaces for tests: worlds of their own in
// which a target may listen on every address, in which a host has as many
// interfaces and subnets as a test wants, and from which no packet leaves.
//
// A namespace has no name and no file. It lives as long as something is in it
// or holds it, so nothing stays behind however a test ends. Making one takes
// root on Linux; elsewhere [New] skips the test.
//
// A nil *Namespace is where the whole program is: to dial, to listen, to run
// functions and commands.
package netns
