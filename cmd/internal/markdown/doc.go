// Package markdown reads the pages in docs: the part of Markdown that they use. What it does
// not know it takes for text, so that no words of a page are lost.
package markdown
