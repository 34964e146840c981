package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// writePortals writes a list of addresses within 127.0.0.0/8, and of what else is
// to be among them, evenly.
func writePortals(path string, n int, others []string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for i := range n {
		fmt.Fprintf(w, "127.1.%d.%d\n", (i+1)>>8, (i+1)&0xff)
		for _, o := range others[i*len(others)/n : (i+1)*len(others)/n] {
			fmt.Fprintln(w, o)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// readPortals returns the lines of a file.
func readPortals(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	return strings.Fields(string(text)), err
}
