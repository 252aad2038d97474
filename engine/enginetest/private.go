//go:build linux

package enginetest

import (
	"crypto/subtle"
	"encoding/base64"
	"net/http"
)

// Token opens what the site serves below /private/, unless Config.Token says
// another: as "Bearer TOKEN" or as the password that git sends for a token.
const Token = "t0k3n-of-the-test-site"

// private serves h below /private to those who send the token.
func private(token string, h http.Handler) http.Handler {
	bearer := "Bearer " + token
	basic := "basic " + base64.StdEncoding.EncodeToString([]byte("x-access-token:"+token))
	inner := http.StripPrefix("/private", h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := []byte(r.Header.Get("Authorization"))
		if subtle.ConstantTimeCompare(got, []byte(bearer))+subtle.ConstantTimeCompare(got, []byte(basic)) == 0 {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, "not for you", http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	})
}
