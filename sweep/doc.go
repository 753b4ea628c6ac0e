// Package sweep measures the effect of each part of a model on its output. It makes an
// intervention at one place after another, runs the model, and reads the metrics of target tokens.
//
// A clean run keeps the residual stream before every block. Each variant runs from its first
// changed block only. The unembedding reads the last row alone, where that gives the bits of a
// whole run. Every number equals the number that PyTorch gives for a whole run with a forward hook
// that does the same.
package sweep
