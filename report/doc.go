// Package report turns results into views: grids, tables and figures that people look at.
//
// A Grid or a Table says what is to be seen without saying where. Package terminal
// draws it as text, package figure as an image. Package data turns the same results into
// arrays and files for programs, and package page into interactive pages.
//
// Nothing here prints, exits or reads the environment. Text of a model or a
// prompt is data: it is never given raw to a terminal.
package report
