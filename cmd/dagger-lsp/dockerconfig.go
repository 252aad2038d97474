package main

import (
	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/credentials"
)

// dockerConfig reads the user's docker configuration, as docker's own command
// line does: the folder that DOCKER_CONFIG names, the machine's credential
// helper where none is set.
func (a *app) dockerConfig() (*configfile.ConfigFile, error) {
	file, err := config.Load(a.env.docker)
	if err != nil {
		return nil, err
	}
	if !file.ContainsAuth() {
		file.CredentialsStore = credentials.DetectDefaultStore(file.CredentialsStore)
	}
	return file, nil
}
