// Package sweep asks what each part of a model does to its output: it changes one
// place after the other, runs the model, and reads what became of a word.
//
// A clean run keeps the residual stream in front of every block. Each variant then
// runs from its first changed block only, and the head reads the last row alone
// where that was seen to give the bits of a whole run. Every number equals the one
// that PyTorch gives for a whole run with a forward hook that does the same.
package sweep
