package slug_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb"

	"github.com/dagger/dagger-lsp/engine/mask"
	"github.com/dagger/dagger-lsp/engine/slug"
	"github.com/dagger/dagger-lsp/runtime"
)

// secretive uses a secret in every way there is. CANARY stands where its text
// is written down.
const secretive = `
package ci

// The text is CANARY, as a comment says.
token: "CANARY" @dagger(secret)

main: #up: [
	{do: "fetch-git", remote: "https://git.example.test/a.git", ref: "main", authToken: token},
	{do: "docker-build", dockerfile: "FROM alpine:3.20\nARG T\nRUN echo $T | wc -c\n", buildArg: T: token},
	{do: "fetch-container", ref: "alpine:3.20"},
	{do: "exec", args: ["login"], mount: "/token": secret: token},
]
`

// No form of a secret's text is in a slug, or in what is told of it: only its
// name, though its text stands in the CUE file.
func TestNoSecretInside(t *testing.T) {
	canary := rand.Text()
	s, data := compileText(t, secretive, canary)
	if s == nil {
		t.Fatal("it does not compile")
	}
	m := mask.New(map[string][]byte{"canary": []byte(canary)})
	if _, found := m.Find(data); found || bytes.Contains(data, []byte(canary)) {
		t.Error("the secret is in the slug")
	}
	in := s.Inputs()
	if len(in.Secrets) != 1 || in.Secrets[0].Name != "token" {
		t.Errorf("the slug asks for %v", in.Secrets)
	}
	other, more := compileText(t, strings.Replace(secretive, `"login"`, `"login", "now"`, 1), canary)
	if other == nil || bytes.Contains(more, []byte(canary)) {
		t.Fatal("the other slug")
	}
	for _, c := range slug.Diff(s, other).Steps {
		for _, f := range c.Fields {
			if strings.Contains(f.Old+f.New, canary) {
				t.Errorf("the secret is in what changed: %+v", f)
			}
		}
	}
}

func compileText(t *testing.T, text, canary string) (*slug.Slug, []byte) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ci.cue"), []byte(strings.ReplaceAll(text, "CANARY", canary)), 0o644); err != nil {
		t.Fatal(err)
	}
	return compile(t, dir)
}

// A slug that would hold a secret all the same is not made, and the error names
// it without its text.
func TestSecretRefused(t *testing.T) {
	const canary = "correct-horse-battery-staple"
	def, err := llb.Image("alpine").Run(llb.Args([]string{"login", canary})).Marshal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	job := &runtime.Job{Target: "main", Definition: def}
	_, _, err = slug.Build(t.Context(), job, slug.Source{
		Plan: &runtime.Plan{Dir: "/w", Root: "/w"}, Workspace: "/w", Secrets: map[string][]byte{"token": []byte(canary)},
	})
	var held *slug.SecretError
	if !errors.As(err, &held) || held.Name != "token" || strings.Contains(err.Error(), canary) {
		t.Errorf("got %v", err)
	}
}
