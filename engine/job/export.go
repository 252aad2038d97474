package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Decode reads an exported file as its format says. An error is the user's:
// the file does not hold what the op promised.
func Decode(format string, data []byte) (any, error) {
	text := strings.TrimSpace(string(data))
	switch format {
	case "", "string":
		return string(data), nil
	case "boolean":
		switch text {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return nil, fmt.Errorf("%q is neither true nor false", clip(text))
	case "number":
		v, err := decodeJSON([]byte(text))
		if n, ok := v.(json.Number); ok && err == nil {
			return n, nil
		}
		return nil, fmt.Errorf("%q is not a number", clip(text))
	case "json":
		return decodeJSON(data)
	case "yaml":
		var v any
		if err := yaml.Unmarshal(data, &v); err != nil {
			return nil, fmt.Errorf("not YAML: %w", err)
		}
		return v, nil
	}
	return nil, fmt.Errorf("unknown format %q", format)
}

// decodeJSON keeps numbers as written and refuses a second value.
func decodeJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not JSON: something follows the value")
	}
	return v, nil
}

// clip shortens a value for a message.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
