// Package page writes pages for a browser: the interactive page of one or more lenses, and
// the plain page of a study.
//
// A page is one file, and loads nothing. The page of a lens takes the arrays along, and its
// program (html/*.js) makes the views, since the reader chooses them. Text of a model or a
// prompt is data, and never markup.
package page
