package rpc_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"connectrpc.com/connect"

	ovationv1 "github.com/ovation-live/ovation/gen/go/ovation/v1"
)

// exportedErrors returns the names of a package's exported sentinels and error types,
// as its source has them.
func exportedErrors(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no source in %s: %v", dir, err)
	}
	var names []string
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			for _, name := range append(sentinels(decl), errorTypes(decl)...) {
				names = append(names, file.Name.Name+"."+name)
			}
		}
	}
	return names
}

// sentinels returns the exported Err variables that a declaration declares.
func sentinels(decl ast.Decl) (names []string) {
	gen, ok := decl.(*ast.GenDecl)
	if !ok || gen.Tok != token.VAR {
		return nil
	}
	for _, spec := range gen.Specs {
		value, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for _, name := range value.Names {
			if strings.HasPrefix(name.Name, "Err") {
				names = append(names, name.Name)
			}
		}
	}
	return names
}

// errorTypes returns the exported type whose Error method a declaration is.
func errorTypes(decl ast.Decl) []string {
	method, ok := decl.(*ast.FuncDecl)
	if !ok || method.Recv == nil || method.Name.Name != "Error" || method.Type.Params.NumFields() > 0 {
		return nil
	}
	receiver := method.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if name, ok := receiver.(*ast.Ident); ok && name.IsExported() {
		return []string{name.Name}
	}
	return nil
}

// value matches an enum value of the contract and the comment before it.
var value = regexp.MustCompile(`((?: {2}//.*\n)+) {2}(ERROR_REASON_[A-Z_]+) = \d+;`)

// contract returns the status code that errors.proto promises with each reason.
func contract(t *testing.T) map[ovationv1.ErrorReason]connect.Code {
	t.Helper()
	source, err := os.ReadFile("../../proto/ovation/v1/errors.proto")
	if err != nil {
		t.Fatal(err)
	}
	codes := make(map[string]connect.Code)
	for c := connect.CodeCanceled; c <= connect.CodeUnauthenticated; c++ {
		codes[strings.ToUpper(c.String())] = c
	}
	promised := make(map[ovationv1.ErrorReason]connect.Code)
	for _, match := range value.FindAllStringSubmatch(string(source), -1) {
		reason := ovationv1.ErrorReason(ovationv1.ErrorReason_value[match[2]])
		if reason == ovationv1.ErrorReason_ERROR_REASON_UNSPECIFIED {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(match[1], "  // ["), "]")
		code, ok := codes[name]
		if !ok {
			t.Errorf("%s names no status code in brackets: %q", match[2], match[1])
		}
		promised[reason] = code
	}
	if len(promised) != len(ovationv1.ErrorReason_name)-1 {
		t.Fatalf("found %d reasons in the contract, the code has %d", len(promised), len(ovationv1.ErrorReason_name)-1)
	}
	return promised
}
