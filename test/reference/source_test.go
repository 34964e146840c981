package reference

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A source is the parsed code of one or more folders, without tests.
type source struct {
	files []*ast.File
	paths []string // of the files, from the root of the module
}

// sourceOf parses the code of folders and of all below them.
func sourceOf(t *testing.T, folders ...string) *source {
	t.Helper()
	s := new(source)
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parse(path)
			if err != nil {
				return err
			}
			s.files, s.paths = append(s.files, f), append(s.paths, filepath.ToSlash(strings.TrimPrefix(path, root)))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(s.files) == 0 {
		t.Fatalf("no code in %q", folders)
	}
	return s
}

// without leaves out the files of a folder.
func (s *source) without(folder string) *source {
	rest := new(source)
	for i, path := range s.paths {
		if !strings.Contains(path, folder) {
			rest.files, rest.paths = append(rest.files, s.files[i]), append(rest.paths, path)
		}
	}
	return rest
}

// parsed has the files that were parsed, by path.
var parsed sync.Map

func parse(path string) (*ast.File, error) {
	if f, ok := parsed.Load(path); ok {
		return f.(*ast.File), nil
	}
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err == nil {
		parsed.Store(path, f)
	}
	return f, err
}

// A constant is a constant of the package level, with the literal that is its value;
// empty: it has none of its own.
type constant struct {
	name    string
	literal string
}

// text is the value of a string constant.
func (c constant) text(t *testing.T) string {
	t.Helper()
	s, err := strconv.Unquote(c.literal)
	if err != nil {
		t.Fatalf("constant %s: %v", c.name, err)
	}
	return s
}

// number is the value of a number.
func (c constant) number(t *testing.T) uint32 {
	t.Helper()
	n, err := strconv.ParseUint(c.literal, 0, 32)
	if err != nil {
		t.Fatalf("constant %s: %v", c.name, err)
	}
	return uint32(n)
}

// constants are those of a type (empty: of all types), in their order. In a list with iota
// all are.
func (s *source) constants(typeName string) (all []constant) {
	s.eachConstant(func(spec *ast.ValueSpec, counted string) {
		if t, ok := spec.Type.(*ast.Ident); typeName == "" || (ok && t.Name == typeName) || counted == typeName {
			all = append(all, constantsOf(spec)...)
		}
	})
	return all
}

// named are the constants whose names have one of some beginnings.
func (s *source) named(beginnings ...string) (all []constant) {
	s.eachConstant(func(spec *ast.ValueSpec, _ string) {
		for _, c := range constantsOf(spec) {
			if slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(c.name, b) }) {
				all = append(all, c)
			}
		}
	})
	return all
}

// eachConstant calls fn for each group of constants. counted is the type of the list with
// iota that it is in.
func (s *source) eachConstant(fn func(spec *ast.ValueSpec, counted string)) {
	for _, f := range s.files {
		for _, d := range f.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.CONST {
				continue
			}
			counted := ""
			for _, sp := range decl.Specs {
				spec := sp.(*ast.ValueSpec)
				if t, ok := spec.Type.(*ast.Ident); ok && usesIota(spec) {
					counted = t.Name
				} else if len(spec.Values) > 0 {
					counted = ""
				}
				fn(spec, counted)
			}
		}
	}
}

func usesIota(spec *ast.ValueSpec) (uses bool) {
	for _, v := range spec.Values {
		ast.Inspect(v, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			uses = uses || ok && id.Name == "iota"
			return true
		})
	}
	return uses
}

func constantsOf(spec *ast.ValueSpec) (all []constant) {
	for i, name := range spec.Names {
		c := constant{name: name.Name}
		if i < len(spec.Values) {
			if lit, ok := spec.Values[i].(*ast.BasicLit); ok {
				c.literal = lit.Value
			}
		}
		all = append(all, c)
	}
	return all
}

// fields are the texts that a field is set to in composite literals, such as Hint in
// &Error{Hint: "…"}.
func (s *source) fields(field string) (all []string) {
	for _, f := range s.files {
		ast.Inspect(f, func(n ast.Node) bool {
			kv, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == field {
				if text, said := written(kv.Value, nil); said {
					all = append(all, text)
				}
			}
			return true
		})
	}
	return all
}
