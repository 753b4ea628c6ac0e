// Package intervene has the language in which interventions are written, such as
// "scale 0.8" or --patch h.3@last="other prompt", and turns them into actions of package
// hooks: it reads arrays, and runs the prompts and texts whose states are wanted.
package intervene
