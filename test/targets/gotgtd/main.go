// Gotgtd is a child process for package gotgt: it reads from standard input, as
// JSON, what to serve, serves it, and ends when standard input does.
package main

import "github.com/go-iscsi/discovery/test/targets/gotgt"

func main() { gotgt.Child() }
