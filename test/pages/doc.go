// Package pages runs the examples of the documents: each block of README.md and of the
// pages in docs that has a line "$ discover …" is run against real targets in network
// namespaces, and what the commands print is compared with the page. It also follows the
// links between the pages, and reads their JSON.
//
// docs/dev/testing.md says how an example is written and marked, and what is in the lab.
package pages
