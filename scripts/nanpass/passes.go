package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// passes returns the if statements of a test file that end in a failure, or keep the
// largest of some numbers, and do neither where a number is NaN.
func passes(fset *token.FileSet, f *ast.File, info *types.Info) []string {
	var found []string
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.IfStmt)
		if !ok {
			return true
		}
		c := condition{info}
		for _, a := range c.ordered(s.Cond) {
			if !(fails(s.Body) || keeps(s.Body, a)) || c.catches(s.Cond, a) {
				continue
			}
			found = append(found, fmt.Sprintf("%s: NaN passes %s", fset.Position(a.Pos()), types.ExprString(a)))
		}
		return true
	})
	return found
}

// fails reports whether a body makes a test fail: t.Error and its like, panic, or an error
// that it returns.
func fails(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt: // has a condition of its own
			return false
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			switch f := n.Fun.(type) {
			case *ast.SelectorExpr:
				switch f.Sel.Name {
				case "Error", "Errorf", "Fatal", "Fatalf", "Fail", "FailNow":
					found = true
				}
			case *ast.Ident:
				found = found || f.Name == "panic"
			}
		}
		return true
	})
	return found
}

// keeps reports whether a body keeps one side of a comparison in the place of the other, as
// the largest or the least so far: a NaN would be forgotten.
func keeps(body *ast.BlockStmt, a *ast.BinaryExpr) bool {
	x, y := types.ExprString(a.X), types.ExprString(a.Y)
	for _, s := range body.List {
		s, ok := s.(*ast.AssignStmt)
		if !ok || s.Tok != token.ASSIGN || len(s.Lhs) != len(s.Rhs) {
			continue
		}
		for i := range s.Lhs {
			l, r := types.ExprString(s.Lhs[i]), types.ExprString(s.Rhs[i])
			if l == x && r == y || l == y && r == x {
				return true
			}
		}
	}
	return false
}

// condition is that of an if statement, with the types of what is in it.
type condition struct{ info *types.Info }

// ordered returns the comparisons by order of floats that make the condition true, which are
// not negated.
func (c condition) ordered(e ast.Expr) []*ast.BinaryExpr {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return c.ordered(e.X)
	case *ast.BinaryExpr:
		switch e.Op {
		case token.LAND, token.LOR:
			return append(c.ordered(e.X), c.ordered(e.Y)...)
		case token.LSS, token.GTR, token.LEQ, token.GEQ:
			if c.isFloat(e.X) || c.isFloat(e.Y) {
				return []*ast.BinaryExpr{e}
			}
		}
	}
	return nil
}

// isFloat reports whether an expression is a float that is known only when the test runs.
func (c condition) isFloat(e ast.Expr) bool {
	t := c.info.Types[e]
	b, ok := t.Type.Underlying().(*types.Basic)
	if !ok {
		p, is := t.Type.(*types.TypeParam)
		return is && strings.Contains(p.Constraint().Underlying().String(), "float")
	}
	return b.Info()&types.IsFloat != 0 && t.Value == nil
}

// Of a condition three things can be known.
type truth int

const (
	unknown truth = iota
	no
	yes
)

// catches reports whether the condition holds for NaN wherever it would hold by comparison a.
func (c condition) catches(cond ast.Expr, a *ast.BinaryExpr) bool {
	with := c.value(cond, func(e ast.Expr) truth {
		if e == a {
			return yes
		}
		return unknown
	})
	for _, side := range []ast.Expr{a.X, a.Y} {
		if !c.isFloat(side) {
			continue
		}
		nan := c.value(cond, func(e ast.Expr) truth { return ofNaN(e, types.ExprString(side)) })
		if nan != yes && nan != with {
			return false
		}
	}
	return true
}

// value returns what is known of a condition, each part of which that is not joined of
// others has the truth that atom tells.
func (c condition) value(e ast.Expr, atom func(ast.Expr) truth) truth {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return c.value(e.X, atom)
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			switch c.value(e.X, atom) {
			case yes:
				return no
			case no:
				return yes
			}
			return unknown
		}
	case *ast.BinaryExpr:
		if e.Op == token.LAND || e.Op == token.LOR {
			x, y := c.value(e.X, atom), c.value(e.Y, atom)
			end := no // of and
			if e.Op == token.LOR {
				end = yes
			}
			switch {
			case x == end || y == end:
				return end
			case x == unknown || y == unknown:
				return unknown
			}
			return x
		}
	}
	return atom(e)
}

// ofNaN returns what is known of a part of a condition where an expression, or one that is
// a part of it, is NaN.
func ofNaN(e ast.Expr, nan string) truth {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		x, y := types.ExprString(e.X), types.ExprString(e.Y)
		if !within(x, nan) && !within(y, nan) {
			return unknown
		}
		switch e.Op {
		case token.NEQ:
			return yes
		case token.EQL, token.LSS, token.GTR, token.LEQ, token.GEQ:
			return no
		}
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(f.Sel.Name, "IsNaN") && len(e.Args) == 1 && within(types.ExprString(e.Args[0]), nan) {
			return yes
		}
		if f, ok := e.Fun.(*ast.Ident); ok && f.Name == "isNaN" && len(e.Args) == 1 && within(types.ExprString(e.Args[0]), nan) {
			return yes
		}
	}
	return unknown
}

// within reports whether one expression is another or a part of it, or holds it.
func within(part, whole string) bool {
	return part != "" && (strings.Contains(whole, part) || strings.Contains(part, whole))
}
