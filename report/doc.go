// Package report turns results into things for people and for programs: NPZ,
// JSON and CSV files, tables and grids in a terminal, figures, and pages for a
// browser.
//
// Programs read arrays: schema.go names each of them once, and the writers and
// docs/formats.md follow it. People read views: a Grid or a Table says what is
// to be seen without saying where, and Terminal and WriteFigure draw it. A new
// result turns itself into views; a new place to draw learns the views. A page is
// the exception: it takes the arrays along, and its program (html/*.js) makes the
// views, since its reader chooses them.
//
// Nothing here prints, exits or reads the environment. Text of a model or a
// prompt is data: it is never given raw to a terminal, and never markup in a page.
package report
