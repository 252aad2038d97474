//go:build linux

package enginetest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// The registries beside a daemon that ask who one is: one with a name and a
// password, one with a token of a service that has asked for them.
const (
	BasicHost = "127.0.0.1:5001"
	TokenHost = "127.0.0.1:5002"
)

// Who may use them.
const (
	RegistryUser     = "team"
	RegistryPassword = "open-sesame-71"
)

func known(user, password string) bool { return user == RegistryUser && password == RegistryPassword }

// basic lets in who knows the password.
func basic(h http.Handler, token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, ok := r.BasicAuth()
		if !ok || !known(user, password) && (user != RegistryUser || password != token) {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			refuse(w)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// refuse answers as registries do.
func refuse(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprintln(w, `{"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}`)
}

// tokens are what a token service gives and a registry takes: the scopes that
// were granted, signed with a key that the two share.
type tokens struct {
	// Realm is the service's address. It is in the client's network, not the
	// daemon's: BuildKit's clients fetch tokens themselves.
	Realm string
	Key   []byte
}

func (t tokens) sign(scopes string) string {
	mac := hmac.New(sha256.New, t.Key)
	mac.Write([]byte(scopes))
	return base64.RawURLEncoding.EncodeToString([]byte(scopes)) + "." + hex.EncodeToString(mac.Sum(nil))
}

// scopes are those that a token was given for; none for a forged one.
func (t tokens) scopes(token string) []string {
	head, _, _ := strings.Cut(token, ".")
	scopes, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil || !hmac.Equal([]byte(token), []byte(t.sign(string(scopes)))) {
		return nil
	}
	return strings.Fields(string(scopes))
}

// bearer lets in who has a token for what is asked.
func (t tokens) bearer(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		need := needScope(r)
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !slices.ContainsFunc(t.scopes(token), func(s string) bool { return grants(s, need) }) {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q,service="test",scope=%q`, t.Realm, need))
			refuse(w)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// needScope is what a request to a registry needs.
func needScope(r *http.Request) string {
	path := strings.TrimPrefix(r.URL.Path, "/v2/")
	for _, kind := range []string{"/blobs/", "/manifests/", "/tags/"} {
		if i := strings.LastIndex(path, kind); i >= 0 {
			path = path[:i]
		}
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return "repository:" + path + ":pull"
	}
	return "repository:" + path + ":push"
}

// grants reports that a scope with several actions holds one.
func grants(have, need string) bool {
	i, j := strings.LastIndex(have, ":"), strings.LastIndex(need, ":")
	return i > 0 && j > 0 && have[:i] == need[:j] && slices.Contains(strings.Split(have[i+1:], ","), need[j+1:])
}

// newTokens runs a token service for the length of the test.
func newTokens(tb testing.TB) tokens {
	tb.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	t := tokens{Realm: "http://" + l.Addr().String() + "/token", Key: make([]byte, sha256.Size)}
	_, _ = rand.Read(t.Key)
	server := &http.Server{Handler: t, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l)
	}()
	tb.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return t
}

// ServeHTTP gives a token for what is asked to who knows the password: in a
// form, as OAuth wants it, or as basic authentication.
func (t tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if r.Method == http.MethodPost {
		user, password = r.PostFormValue("username"), r.PostFormValue("password")
	}
	if err := r.ParseForm(); err != nil || !known(user, password) {
		refuse(w)
		return
	}
	token := t.sign(strings.Join(r.Form["scope"], " "))
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "access_token": token, "expires_in": 300})
}
