package ops

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// SecretRef names a secret by its path in the plan. The secret's text is given
// when the target runs; no op and no plan ever holds it.
type SecretRef string

// StreamRef names a unix socket of the user's machine by its path in the plan.
type StreamRef string

// StringOrSecret is a field that takes plain text or a secret. Exactly one is
// set; an empty text is a text.
type StringOrSecret struct {
	String string
	Secret SecretRef
}

// SecretKey marks a secret where plain text may stand too: {"$secret": path}.
const SecretKey = "$secret"

// UnmarshalJSON reads a string, or an object with SecretKey.
func (s *StringOrSecret) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &s.String) == nil {
		return nil
	}
	var o struct {
		Secret *SecretRef `json:"$secret"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&o); err != nil || o.Secret == nil {
		return fmt.Errorf("neither text nor a secret: %w", err)
	}
	s.Secret = *o.Secret
	return nil
}
