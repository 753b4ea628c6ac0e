// Package data turns results into arrays and files for programs: JSON, CSV, NPZ and
// the layout of logitlenskit.
//
// The table Fields in schema.go names each array of a lens once. The writers and
// docs/formats.md follow that table.
package data
