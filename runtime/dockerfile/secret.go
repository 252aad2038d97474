package dockerfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	digest "github.com/opencontainers/go-digest"
)

// placeholderMark is in every placeholder of a secret. It is a valid part of a
// tag and of a path, so that a misuse there is found as one.
const placeholderMark = "cuellb0secret0arg0"

// hiddenSecret stands for a secret where people read.
const hiddenSecret = "(secret)"

// placeholder stands for the secret build argument called name. It follows from
// the name, so that the same build gives the same bytes.
func placeholder(name string) string {
	return placeholderMark + digest.FromString(name).Encoded()[:16]
}

// secretBehind returns the id of the secret that a placeholder stands for.
func (b *Build) secretBehind(value string) (string, bool) {
	if !strings.HasPrefix(value, placeholderMark) {
		return "", false
	}
	for name, id := range b.SecretArgs {
		if value == placeholder(name) {
			return id, true
		}
	}
	return "", false
}

func (b *Build) hideSecrets(text string) string {
	if !strings.Contains(text, placeholderMark) {
		return text
	}
	for name := range b.SecretArgs {
		text = strings.ReplaceAll(text, placeholder(name), hiddenSecret)
	}
	return text
}

// errSecretUse is a secret where only the Dockerfile's own text may be.
var errSecretUse = errors.New("a secret build argument can only be used by RUN")

func secretMisuse(line int) *Error {
	return &Error{
		Line: line, Message: errSecretUse.Error(), Cause: errSecretUse,
		Hint: "read it in a RUN instruction, as a variable: anywhere else it would stay in the image",
	}
}

// config is the image's config with the secrets out of its history. Anywhere
// else in it they are a mistake.
func (b *Build) config(img *dockerspec.DockerOCIImage) ([]byte, error) {
	for i := range img.History {
		img.History[i].CreatedBy = b.hideSecrets(img.History[i].CreatedBy)
	}
	data, err := json.Marshal(img)
	if err != nil {
		return nil, fmt.Errorf("write the config of the image: %w", err)
	}
	if strings.Contains(string(data), placeholderMark) {
		return nil, secretMisuse(0)
	}
	return data, nil
}
