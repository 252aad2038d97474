package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/dagger/dagger-lsp/runtime"
)

// inputHelp is how the flag explains itself.
const inputHelp = "set the value at a `PATH=VALUE`; VALUE is text, or json:…, yaml:…, file:PATH (its text) or dir:PATH (its files); repeatable"

// inputs are the values of the --input flags.
func (a *app) inputs() ([]runtime.GivenValue, error) {
	var out []runtime.GivenValue
	for _, flag := range a.flags.inputs {
		path, value, ok := strings.Cut(flag, "=")
		if !ok || path == "" {
			return nil, fmt.Errorf("--input %s: write it as PATH=VALUE", flag)
		}
		text, err := a.inputValue(value)
		if err != nil {
			return nil, fmt.Errorf("--input %s: %w", path, err)
		}
		out = append(out, runtime.GivenValue{Path: path, Value: text, Label: "the input " + path})
	}
	return out, nil
}

// inputValue is the CUE that a flag's value stands for.
func (a *app) inputValue(value string) (string, error) {
	kind, rest, ok := strings.Cut(value, ":")
	if !ok {
		return plainInput(value), nil
	}
	switch kind {
	case "text":
		return quoted(rest), nil
	case "json":
		if !json.Valid([]byte(rest)) {
			return "", errors.New("not JSON")
		}
		return rest, nil
	case "yaml":
		return yamlInput(rest)
	case "file":
		data, err := os.ReadFile(a.env.abs(rest))
		return quoted(string(data)), err
	case "dir":
		return a.dirInput(rest)
	}
	return plainInput(value), nil
}

// plainInput is text, and also the number or boolean that it reads as: CUE takes
// whichever the value at the path allows, text where it allows both.
func plainInput(value string) string {
	_, number := strconv.ParseFloat(value, 64)
	if value == "true" || value == "false" || number == nil && json.Valid([]byte(value)) {
		return "*" + quoted(value) + " | " + value
	}
	return quoted(value)
}

func yamlInput(text string) (string, error) {
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		return "", fmt.Errorf("not YAML: %w", err)
	}
	data, err := json.Marshal(v)
	return string(data), err
}

// dirInput is a component that is a local directory.
func (a *app) dirInput(dir string) (string, error) {
	st, err := os.Stat(a.env.abs(dir))
	if err != nil {
		return "", err
	}
	if !st.IsDir() {
		return "", errors.New(dir + " is not a folder")
	}
	return fmt.Sprintf("{#up: [{do: \"local\", dir: %s}]}", quoted(filepath.ToSlash(a.env.abs(dir)))), nil
}

// quoted is a CUE string; JSON's are.
func quoted(s string) string {
	data, _ := json.Marshal(s) // a string always encodes
	return string(data)
}
