package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dagger/dagger-lsp/engine"
	"github.com/dagger/dagger-lsp/engine/mask"
	"github.com/dagger/dagger-lsp/engine/solve"
	"github.com/dagger/dagger-lsp/runtime"
)

// handleFlags are --secret and --stream.
type handleFlags struct{ secrets, streams []string }

func (f *handleFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.secrets, "secret", nil,
		"give a secret of the plan: `PATH=env:NAME` or PATH=file:FILE (a file of one line is read without its newline); repeatable")
	flags.StringArrayVar(&f.streams, "stream", nil,
		"give a unix socket of this machine: `PATH=unix:SOCKET` or PATH=ssh-agent; repeatable")
}

// give adds to a request what the flags name, and what belongs to the user: the
// ssh agent and the ssh hosts that are known.
func (a *app) give(req *engine.Request, f handleFlags) error {
	secrets, err := a.secretSources(f.secrets)
	if err != nil {
		return err
	}
	if req.Streams, err = a.streamSources(f.streams); err != nil {
		return err
	}
	req.Secrets, req.Agent, req.KnownHosts = secrets, a.env.sshAgent, a.env.knownHosts
	return nil
}

// secretSources says where the secrets are, by their paths in the plan. They
// are read when a job needs them, and not before.
type secretSources struct {
	a  *app
	at map[string]secretSource
}

type secretSource struct{ kind, name string }

func (a *app) secretSources(args []string) (secretSources, error) {
	s := secretSources{a, map[string]secretSource{}}
	for _, arg := range args {
		path, source, _ := strings.Cut(arg, "=")
		kind, name, _ := strings.Cut(source, ":")
		if path == "" || name == "" || kind != "env" && kind != "file" {
			// Not arg itself: it may be a secret by mistake.
			return s, fmt.Errorf("--secret %s: want PATH=env:NAME or PATH=file:FILE", path)
		}
		s.at[path] = secretSource{kind, name}
	}
	return s, nil
}

// Secret implements engine.Secrets.
func (s secretSources) Secret(_ context.Context, path string) ([]byte, error) {
	source, ok := s.at[path]
	if !ok {
		return nil, engine.ErrNoSecret
	}
	if source.kind == "file" {
		text, err := os.ReadFile(s.a.env.abs(source.name))
		return oneLine(text), err
	}
	text, ok := os.LookupEnv(source.name)
	if !ok {
		return nil, fmt.Errorf("the environment has no variable %s", source.name)
	}
	return []byte(text), nil
}

// plainSecrets hides what a package holds as plain text.
func plainSecrets(p *runtime.Plan) *mask.Masker {
	texts := map[string][]byte{}
	for _, path := range p.PlainSecrets() {
		texts[path], _ = p.PlainSecret(path)
	}
	return mask.New(texts)
}

// oneLine takes the newline off a file of one line: editors put it there, and a
// token with it is another token. A file of several lines, such as a key, stays
// as it is.
func oneLine(text []byte) []byte {
	if i := bytes.IndexByte(text, '\n'); i >= 0 && i == len(text)-1 {
		return bytes.TrimSuffix(text[:i], []byte{'\r'})
	}
	return text
}

func (a *app) streamSources(args []string) (map[string]solve.Stream, error) {
	streams := map[string]solve.Stream{}
	for _, arg := range args {
		path, source, _ := strings.Cut(arg, "=")
		socket, unix := strings.CutPrefix(source, "unix:")
		switch {
		case path != "" && unix && socket != "":
			streams[path] = solve.Stream{Socket: a.env.abs(socket)}
		case path != "" && source == "ssh-agent" && a.env.sshAgent != "":
			streams[path] = solve.Stream{Socket: a.env.sshAgent, Agent: true}
		case source == "ssh-agent":
			return nil, fmt.Errorf("--stream %s: there is no ssh agent: SSH_AUTH_SOCK is not set", arg)
		default:
			return nil, fmt.Errorf("--stream %s: want PATH=unix:SOCKET or PATH=ssh-agent", arg)
		}
	}
	return streams, nil
}

// knownHosts are the files in which ssh looks for the hosts that a user knows.
func knownHosts(home string) []string {
	files := []string{"/etc/ssh/ssh_known_hosts"}
	if home != "" {
		files = append(files, filepath.Join(home, ".ssh", "known_hosts"))
	}
	return files
}
