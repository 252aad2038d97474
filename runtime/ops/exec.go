package ops

import (
	"context"
	_ "embed"
	"maps"
	"net"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/client/llb"
)

//go:embed exec.cue
var execSchema string

// Exec runs a command.
type Exec struct {
	Args   []string          `json:"args"`
	Env    map[string]string `json:"env,omitempty"`
	Always bool              `json:"always"`
	Dir    string            `json:"dir,omitempty"`
	// Mount maps absolute paths to what is mounted there.
	Mount map[string]Mount `json:"mount,omitempty"`
	// Hosts maps host names to IP addresses.
	Hosts map[string]string `json:"hosts,omitempty"`
	User  string            `json:"user,omitempty"`
}

func exec() Kind {
	return Kind{
		Do: "exec", Definition: "#Exec", Schema: execSchema,
		New: func() Spec { return new(Exec) },
	}
}

// Validate checks the command, the mount paths and the host addresses.
func (op *Exec) Validate() []*FieldError {
	var errs []*FieldError
	if len(op.Args) == 0 {
		errs = append(errs, &FieldError{
			Field: "args", Code: "bad-value",
			Message: "no command to run", Hint: `write args: ["command", "argument"]`,
		})
	}
	for _, p := range sortedKeys(op.Mount) {
		if !path.IsAbs(p) {
			errs = append(errs, &FieldError{
				Field: "mount." + p, Code: "bad-value",
				Message: "a mount's path must be absolute", Hint: "write /" + p,
			})
		}
		if fe := op.Mount[p].validate(p); fe != nil {
			errs = append(errs, fe)
		}
	}
	return append(errs, badHosts(op.Hosts)...)
}

// Lower implements Spec. Maps are walked in order: the same text must give the
// same bytes.
func (op *Exec) Lower(ctx context.Context, b Builder, in llb.State) (llb.State, error) {
	run := []llb.RunOption{llb.Args(op.Args)}
	for _, c := range b.Opts() {
		run = append(run, c)
	}
	for _, k := range sortedKeys(op.Env) {
		run = append(run, llb.AddEnv(k, op.Env[k]))
	}
	if op.Always || b.NoCache() && op.hasCache() {
		run = append(run, fresh(b))
	}
	if op.Dir != "" {
		run = append(run, llb.Dir(op.Dir))
	}
	if op.User != "" {
		run = append(run, llb.User(op.User))
	}
	for _, h := range sortedKeys(op.Hosts) {
		run = append(run, llb.AddExtraHost(h, net.ParseIP(op.Hosts[h])))
	}
	for _, p := range sortedKeys(op.Mount) {
		m, err := op.Mount[p].lower(ctx, b, p)
		if err != nil {
			return llb.State{}, err
		}
		run = append(run, m)
	}
	return in.Run(run...).Root(), nil
}

// RunIDPrefix begins the id of a secret that nobody has. Being part of a
// command's cache key, and another in each run, it has the command run again.
const RunIDPrefix = "cuellb-run:"

// fresh makes the command another one in each run. BuildKit's own mark to ignore
// the cache is no help: what follows the command may still come from the cache of
// an earlier run, and each solve that holds it empties its cache mounts.
func fresh(b Builder) llb.RunOption {
	id := llb.SecretID(RunIDPrefix + b.RunID())
	return llb.AddSecret("CUELLB_RUN", id, llb.SecretAsEnv(true), llb.SecretOptional)
}

func (op *Exec) hasCache() bool {
	for _, m := range op.Mount {
		if m.Cache {
			return true
		}
	}
	return false
}

// Summary implements Spec: the command in one line, cut where it gets long.
func (op *Exec) Summary() string {
	line := []rune("exec " + strings.Join(strings.Fields(strings.Join(op.Args, " ")), " "))
	if len(line) > maxSummary {
		line = append(line[:maxSummary-1], '…')
	}
	return string(line)
}

// maxSummary is what fits beside an op in a terminal 100 columns wide.
const maxSummary = 72

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
