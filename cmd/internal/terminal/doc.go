// Package terminal has what the command does at a terminal: text from elsewhere made fit for
// it, its size, a status line, lines drawn in place, and questions. It knows terminals of
// Unix and the console of Windows.
package terminal
