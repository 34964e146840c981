package reference

import (
	"go/ast"
	"go/token"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// A field is a field of a JSON object: of a struct of the code, or of a table of the page.
type field struct {
	kind   string // string, number, bool, time, list or object
	null   bool   // it can be null
	always bool   // it is there always
}

// structs finds the structs of the command that are printed as JSON. They are found by their
// names alone, so two of one name are an error.
func structs(t *testing.T, s *source) map[string]*ast.StructType {
	t.Helper()
	all := make(map[string]*ast.StructType)
	for _, f := range s.files {
		for _, d := range f.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.TYPE {
				continue
			}
			for _, spec := range decl.Specs {
				named := spec.(*ast.TypeSpec)
				if st, ok := named.Type.(*ast.StructType); ok && tagged(st) {
					if all[named.Name.Name] != nil {
						t.Errorf("two structs that are printed are called %s", named.Name.Name)
					}
					all[named.Name.Name] = st
				}
			}
		}
	}
	return all
}

// tagged reports whether a struct has a field with the name of one in JSON.
func tagged(st *ast.StructType) bool {
	for _, f := range st.Fields.List {
		if jsonTag(f) != "" {
			return true
		}
	}
	return false
}

func jsonTag(f *ast.Field) string {
	if f.Tag == nil {
		return ""
	}
	tag, err := strconv.Unquote(f.Tag.Value)
	if err != nil {
		return ""
	}
	return reflect.StructTag(tag).Get("json")
}

// addFields adds the fields of a struct, with those of the structs that it embeds, and
// notes in used that these are printed.
func addFields(t *testing.T, all map[string]*ast.StructType, name string, to map[string]field, used map[string]bool) {
	t.Helper()
	st, ok := all[name]
	if !ok {
		t.Fatalf("no struct %s", name)
	}
	used[name] = true
	for _, f := range st.Fields.List {
		tag := jsonTag(f)
		if tag == "" {
			if len(f.Names) == 0 {
				addFields(t, all, baseName(f.Type), to, used)
			}
			continue
		}
		key, options, _ := strings.Cut(tag, ",")
		_, pointer := f.Type.(*ast.StarExpr)
		always := options != "omitempty"
		kind := jsonKind(all, f.Type)
		to[key] = field{kind, always && (pointer || kind == "time"), always}
	}
}

// baseName is the name of a type, without its package, pointer or list.
func baseName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return baseName(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// jsonKind is what a type is in JSON. Types of other packages that are no structs of the
// command are words.
func jsonKind(all map[string]*ast.StructType, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.ArrayType, *ast.IndexExpr:
		return "list"
	case *ast.MapType:
		return "object"
	case *ast.StarExpr:
		return jsonKind(all, e.X)
	}
	switch name := baseName(e); name {
	case "bool":
		return "bool"
	case "int", "int64", "uint8", "uint32", "uint64", "float64":
		return "number"
	case "Time":
		return "time"
	case "addresses", "TargetsPlace":
		return "list"
	default:
		if all[name] != nil {
			return "object"
		}
		return "string"
	}
}
