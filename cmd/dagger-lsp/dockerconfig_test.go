package main

import (
	"os"
	"path/filepath"
	"testing"
)

// The docker configuration is the one that DOCKER_CONFIG names, and its
// credential helpers are asked as docker asks them.
func TestDockerConfig(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"config.json": `{"auths": {"plain.test": {"auth": "bWU6b25l"}}, "credHelpers": {"helped.test": "fake"}}`,
		"docker-credential-fake": `#!/bin/sh
read host; printf '{"ServerURL": "%s", "Username": "helper", "Secret": "two"}' $host
`,
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	a := &app{env: environment{docker: dir}}
	c, err := a.dockerConfig()
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string][2]string{"plain.test": {"me", "one"}, "helped.test": {"helper", "two"}, "other.test": {}} {
		got, err := c.GetAuthConfig(host)
		if err != nil || got.Username != want[0] || got.Password != want[1] {
			t.Errorf("%s: %q %q (%v)", host, got.Username, got.Password, err)
		}
	}
}
