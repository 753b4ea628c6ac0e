// Package lens projects the residual stream of a language model on its
// vocabulary, layer by layer, and keeps what each layer would say.
package lens
