// Package dockerfile compiles a Dockerfile to LLB.
//
// It is the conversion that BuildKit's dockerfile.v0 frontend is made of, called
// here instead of in the daemon: so that images named in FROM come from where
// all others do, a build's vertices are part of the job's one definition, and
// mistakes are typed. What it reads of files and registries it is given.
//
// A secret build argument never reaches the conversion: a placeholder stands
// for it, and what becomes of the placeholder is looked at afterwards. Where it
// is a variable of a RUN, the variable becomes one that the daemon fills in from
// the secret; anywhere else it is a mistake.
//
// Absent on purpose: frontends fetched as images, for which a `# syntax=` line
// asks. The line is read only to explain what does not parse.
package dockerfile
