package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// passes returns the comparisons of a test file behind which a test fails, or the largest of
// some numbers is kept, and that do neither where a number is NaN.
func passes(fset *token.FileSet, f *ast.File, info *types.Info) []string {
	var found []string
	c := condition{info}
	look := func(cond ast.Expr, body []ast.Stmt) {
		for _, a := range c.ordered(cond) {
			if (fails(body) || keeps(body, a)) && !c.catches(cond, a) {
				found = append(found, fmt.Sprintf("%s: NaN passes %s", fset.Position(a.Pos()), types.ExprString(a)))
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch s := n.(type) {
		case *ast.IfStmt:
			look(s.Cond, s.Body.List)
		case *ast.SwitchStmt:
			for _, clause := range s.Body.List {
				if clause := clause.(*ast.CaseClause); s.Tag == nil {
					for _, cond := range clause.List {
						look(cond, clause.Body)
					}
				}
			}
		}
		return true
	})
	return found
}

// fails reports whether a body makes a test fail, by t.Error and its like or by panic.
func fails(body []ast.Stmt) bool {
	found := false
	ast.Inspect(&ast.BlockStmt{List: body}, func(n ast.Node) bool {
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
func keeps(body []ast.Stmt, a *ast.BinaryExpr) bool {
	x, y := types.ExprString(a.X), types.ExprString(a.Y)
	for _, s := range body {
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
		nan := c.value(cond, func(e ast.Expr) truth { return ofNaN(e, side) })
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
func ofNaN(e, nan ast.Expr) truth {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		if !related(e.X, nan) && !related(e.Y, nan) {
			return unknown
		}
		switch e.Op {
		case token.NEQ:
			return yes
		case token.EQL, token.LSS, token.GTR, token.LEQ, token.GEQ:
			return no
		}
	case *ast.CallExpr:
		name := types.ExprString(e.Fun)
		if (name == "math.IsNaN" || name == "isNaN") && len(e.Args) == 1 && related(e.Args[0], nan) {
			return yes
		}
	}
	return unknown
}

// related reports whether one expression is the other or a part of it.
func related(a, b ast.Expr) bool { return holds(a, b) || holds(b, a) }

// holds reports whether a part of an expression is written as another that is no constant.
func holds(whole, part ast.Expr) bool {
	if _, ok := part.(*ast.BasicLit); ok {
		return false
	}
	text, found := types.ExprString(part), false
	ast.Inspect(whole, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		found = found || ok && types.ExprString(e) == text
		return !found
	})
	return found
}
