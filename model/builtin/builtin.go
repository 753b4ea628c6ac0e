// Package builtin opens models like package model, and the small model of golens's own as well.
// That model is 18 MB of a module of its own, which only programs that import this package
// fetch and contain.
package builtin

import (
	"github.com/golens/golens/model"
	"github.com/golens/golens/model/defaultmodel"
)

// Open is model.Open, for which "" and model.DefaultName are the model in the program.
func Open(where string, o model.Options) (*model.Model, error) {
	if where == "" || where == model.DefaultName {
		return model.OpenEmbedded(defaultmodel.Config, defaultmodel.Weights, o)
	}
	return model.Open(where, o)
}
