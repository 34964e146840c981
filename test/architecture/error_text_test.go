package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestErrorsNameNoPackage: no text of the library begins with the name of a package, or
// of the command. An error says what failed, and the program that shows it puts a name before it,
// as the command does; so no code has to take names out of a message again. Each text
// counts, since errors are also made of constants and by helpers, except in a panic,
// which is for programmers. The command's texts begin with words of its command line,
// and "registry: " is its verb there.
func TestErrorsNameNoPackage(t *testing.T) {
	t.Parallel()
	names := map[string]bool{"discover": true}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, dir := range []string{"../../pkg", "../../internal"} {
		for _, file := range sources(t, dir) {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(fset, filepath.Join(dir, file), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
			names[f.Name.Name] = true
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				called, ok := n.Fun.(*ast.Ident)
				return !ok || called.Name != "panic"
			case *ast.BasicLit:
				text, _ := strconv.Unquote(n.Value) // fails for what is no text
				if name, _, ok := strings.Cut(text, ": "); ok && names[name] {
					t.Errorf("%s: %s begins with the name of a package: say what failed, and leave the name out", fset.Position(n.Pos()), n.Value)
				}
			}
			return true
		})
	}
}
