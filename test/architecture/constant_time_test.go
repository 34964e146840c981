package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"testing"
)

// TestConstantTime: no run shows how long a comparison takes, so the functions that hold
// what a peer sent against what a secret makes are held to comparing in constant time by
// their source.
func TestConstantTime(t *testing.T) {
	t.Parallel()
	for file, functions := range map[string][]string{
		"pkg/auth/chap_exchange.go":    {"verify"},
		"pkg/auth/secret.go":           {"Equal"},
		"internal/ike/secret.go":       {"Equal"},
		"internal/esp/transform.go":    {"open"},
		"internal/ikev1/main_mode.go":  {"mainSixth"},
		"internal/ikev1/aggressive.go": {"aggressiveSecond"},
		"internal/ikev1/quick.go":      {"openHashed"},
		"internal/ikev1/theirs.go":     {"theirThird"},
		"internal/ikev2/auth.go":       {"authenticated"},
		"internal/ikev2/protection.go": {"open"},
	} {
		source, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", filepath.FromSlash(file)), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range functions {
			calls, odd := comparisons(source, name)
			if calls == 0 {
				t.Errorf("%s: no function %s that calls subtle.ConstantTimeCompare or hmac.Equal", file, name)
			}
			if name == "theirThird" {
				odd = nil // it compares whole datagrams as well, which are no secret
			}
			for _, o := range odd {
				t.Errorf("%s: %s calls %s, of which the time depends on what it compares", file, name, o)
			}
		}
	}
}

// comparisons counts the calls of functions of that name that compare in constant time,
// and returns those that compare otherwise.
func comparisons(source *ast.File, name string) (calls int, odd []string) {
	for _, d := range source.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != name {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			from, ok := s.X.(*ast.Ident)
			if !ok {
				return true
			}
			switch called := from.Name + "." + s.Sel.Name; called {
			case "subtle.ConstantTimeCompare", "hmac.Equal":
				calls++
			case "bytes.Equal", "bytes.Compare", "slices.Equal", "reflect.DeepEqual", "bytes.HasPrefix":
				odd = append(odd, called)
			}
			return true
		})
	}
	return calls, odd
}
