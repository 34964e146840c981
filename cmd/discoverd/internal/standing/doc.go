// Package standing keeps a registry's file open for a process that stays: a file that was
// replaced, removed or damaged is opened again, as soon as there is one that can be.
package standing
