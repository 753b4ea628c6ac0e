// Package bench measures how long a model's works take on this machine: the forward, hooks, the
// lens, sweeps, generation, and text in chunks. It measures the limits of the machine in the same
// run. A Result holds every time, and two Results can be compared.
package bench
