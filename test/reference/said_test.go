package reference

import (
	"go/ast"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// said are the texts of more than one word that functions return, or put together in a
// variable to return it, with … for what is known only in a run. wanted tells which
// functions.
func (s *source) said(wanted func(name string) bool) (all []string) {
	shared := s.texts()
	for _, f := range s.files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil || !wanted(fn.Name.Name) {
				continue
			}
			local := localTexts(fn.Body, shared)
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				var exprs []ast.Expr
				switch n := n.(type) {
				case *ast.ReturnStmt:
					exprs = n.Results
				case *ast.AssignStmt:
					exprs = n.Rhs
				}
				for _, e := range exprs {
					if text, ok := written(e, local); ok && strings.Contains(strings.TrimSpace(text), " ") && !slices.Contains(all, text) {
						all = append(all, text)
					}
				}
				return true
			})
		}
	}
	return all
}

// texts are the constants of the package level that are texts.
func (s *source) texts() map[string]string {
	all := make(map[string]string)
	s.eachConstant(func(spec *ast.ValueSpec, _ string) {
		for _, c := range constantsOf(spec) {
			if text, err := strconv.Unquote(c.literal); err == nil && c.literal[0] == '"' {
				all[c.name] = text
			}
		}
	})
	return all
}

// localTexts are the constants of a function that are texts, and those that it shares.
func localTexts(body *ast.BlockStmt, shared map[string]string) map[string]string {
	all := maps.Clone(shared)
	ast.Inspect(body, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			if i < len(spec.Values) {
				if text, ok := written(spec.Values[i], nil); ok {
					all[name.Name] = text
				}
			}
		}
		return true
	})
	return all
}

// verbs are what fmt puts a value in the place of.
var verbs = regexp.MustCompile(`%[a-z]`)

// written is the text of an expression, with … for what is no literal; false: no part of
// it is one.
func written(e ast.Expr, local map[string]string) (text string, literal bool) {
	const open = "…"
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return open, false
		}
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && s != ""
	case *ast.Ident:
		if s, ok := local[e.Name]; ok {
			return s, true
		}
	case *ast.BinaryExpr:
		left, ok := written(e.X, local)
		right, also := written(e.Y, local)
		return left + right, e.Op == token.ADD && (ok || also)
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" {
			s, said := written(e.Args[0], local)
			return verbs.ReplaceAllString(s, open), said
		}
	}
	return open, false
}
