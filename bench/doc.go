// Package bench measures how long a model's works take on the machine at hand: the
// forward, hooks, the lens, sweeps, generation and text in chunks, beside the limits of
// the machine itself. A Result holds every time that was taken; two of them can be
// compared.
package bench
