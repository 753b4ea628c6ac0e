// Package intervene has the language of interventions, such as "scale 0.8" or --patch
// h.3@last="other prompt". It turns them into actions of package hooks. For that it reads arrays,
// and it runs the other prompts and texts whose states an intervention needs.
package intervene
