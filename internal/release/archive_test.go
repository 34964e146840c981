package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// example returns an archive whose files were added in an order.
func example(t *testing.T, order ...string) *archive {
	t.Helper()
	files := map[string]content{
		"discover":                  {data: []byte("program"), program: true},
		"README.md":                 {data: []byte("text")},
		"docs/reference/command.md": {data: []byte("manual")},
		"docs-more/x/y":             {data: []byte("y")},
		"licenses/a/COP":            {data: nil},
	}
	a := &archive{folder: "discovery-v1.2.3", time: time.Date(2026, 11, 30, 10, 20, 31, 0, time.UTC)}
	for _, path := range order {
		if err := a.add(path, files[path]); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// TestArchive: what is in an archive is in order, has the time of the commit, and belongs
// to user 0; the order in which files were added changes no byte.
func TestArchive(t *testing.T) {
	t.Parallel()
	order := []string{"discover", "README.md", "docs/reference/command.md", "docs-more/x/y", "licenses/a/COP"}
	files := []string{
		"discovery-v1.2.3/README.md 0644", "discovery-v1.2.3/discover 0755", "discovery-v1.2.3/docs-more/x/y 0644",
		"discovery-v1.2.3/docs/reference/command.md 0644", "discovery-v1.2.3/licenses/a/COP 0644",
	}
	folders := []string{
		"discovery-v1.2.3/ 0755", "discovery-v1.2.3/docs-more/ 0755", "discovery-v1.2.3/docs-more/x/ 0755",
		"discovery-v1.2.3/docs/ 0755", "discovery-v1.2.3/docs/reference/ 0755", "discovery-v1.2.3/licenses/ 0755", "discovery-v1.2.3/licenses/a/ 0755",
	}
	for _, tt := range []struct {
		goos, extension string
		list            func(*testing.T, []byte, time.Time) []string
		want            []string
	}{
		{"linux", ".tar.gz", listTar, append(folders, files...)},
		{"windows", ".zip", listZip, files},
	} {
		t.Run(tt.goos, func(t *testing.T) {
			t.Parallel()
			a := example(t, order...)
			data, extension, err := a.pack(tt.goos)
			if err != nil || extension != tt.extension {
				t.Fatalf("got %q, %v, want %q", extension, err, tt.extension)
			}
			if got := tt.list(t, data, a.time); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			other := slices.Clone(order)
			slices.Reverse(other)
			again, _, err := example(t, other...).pack(tt.goos)
			if err != nil || !bytes.Equal(again, data) {
				t.Errorf("files that were added in another order make another archive (%v)", err)
			}
		})
	}
}

// TestArchiveTwice: no file takes the place of another.
func TestArchiveTwice(t *testing.T) {
	t.Parallel()
	a := example(t, "discover")
	if err := a.add("discover", content{}); err == nil {
		t.Error("a second file of one name was added, want an error")
	}
}

// listTar returns the names and permissions, in order, and checks the rest.
func listTar(t *testing.T, data []byte, want time.Time) (names []string) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if !z.ModTime.IsZero() || z.Name != "" {
		t.Errorf("the compressed file has the time %v and the name %q, want none", z.ModTime, z.Name)
	}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(want) || h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" {
			t.Errorf("%s: got time %v, owner %d %q, group %d %q; want %v, 0 and no names", h.Name, h.ModTime, h.Uid, h.Uname, h.Gid, h.Gname, want)
		}
		names = append(names, fmt.Sprintf("%s %04o", h.Name, h.Mode))
	}
}

// listZip is listTar for zip.
func listZip(t *testing.T, data []byte, want time.Time) (names []string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if !f.Modified.Equal(want) {
			t.Errorf("%s: got time %v, want %v", f.Name, f.Modified, want)
		}
		names = append(names, fmt.Sprintf("%s %04o", f.Name, f.Mode().Perm()))
	}
	return names
}

// TestSums: the lines are those that sha256sum -c reads, in the order of the names.
func TestSums(t *testing.T) {
	t.Parallel()
	var s sums
	s.add("b.zip", nil)
	s.add("a.tar.gz", []byte("abc"))
	want := "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.tar.gz\n" +
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b.zip\n"
	if got := string(s.text()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestIdentify: a text is given a name only where it is that licence and no other.
func TestIdentify(t *testing.T) {
	t.Parallel()
	const (
		apache = "Apache License\n  Version 2.0, January 2004\nTERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION\n"
		mit    = "Permission is hereby granted, free of charge, to any person obtaining a\ncopy of this software …\nThe above copyright notice and this permission notice shall be\n"
		bsd2   = "Redistribution and use in source and binary forms, with or without\nmodification, are permitted provided that …\n"
		bsd3   = bsd2 + "Neither the name of X nor the names of its contributors may be used to endorse or promote products\n"
	)
	for name, tt := range map[string]struct{ text, want string }{
		"Apache":       {apache, "Apache-2.0"},
		"MIT":          {"# MIT License\r\n" + strings.ReplaceAll(mit, "\n", "\r\n"), "MIT"},
		"BSD 2":        {bsd2, "BSD-2-Clause"},
		"BSD 3":        {bsd3, "BSD-3-Clause"},
		"BSD 4":        {bsd3 + "All advertising materials mentioning features", noAssertion},
		"a variant":    {bsd2 + "may be used to endorse or promote", noAssertion},
		"two of them":  {apache + mit, noAssertion},
		"a name alone": {"Licensed under the Apache License, Version 2.0", noAssertion},
		"nothing":      {"", noAssertion},
	} {
		if got := identify(tt.text); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}
