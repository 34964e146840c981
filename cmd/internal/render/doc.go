// Package render makes lines of results and of lists: the table, JSON, JSON lines and
// the lines that iscsiadm prints. The items of JSON are those of package jsonitem.
package render
