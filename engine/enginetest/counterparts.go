//go:build linux

package enginetest

import (
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Where a daemon's jobs find what is served beside it, in its own network
// namespace.
const (
	RegistryHost = "127.0.0.1:5000"
	SiteHost     = "127.0.0.1:8000"
)

// serve starts what the setting asks for. It lives as long as the process, as
// the daemon does.
func (s setting) serve() error {
	if s.Registry {
		for host, h := range map[string]http.Handler{
			RegistryHost: newRegistry(), BasicHost: basic(newRegistry(), s.Token), TokenHost: s.Tokens.bearer(newRegistry()),
		} {
			if err := listen(host, h); err != nil {
				return err
			}
		}
	}
	if s.Site == "" {
		return nil
	}
	if s.SSH != nil {
		if err := listenSSH(*s.SSH, s.Site); err != nil {
			return err
		}
	}
	h, err := site(s.Site, s.Token)
	if err != nil {
		return err
	}
	return listen(SiteHost, h)
}

func newRegistry() http.Handler { return registry.New(registry.Logger(discard())) }

func listen(host string, h http.Handler) error {
	_, port, err := net.SplitHostPort(host)
	if err != nil {
		return err
	}
	// All addresses, because the loopback is not up yet.
	l, err := net.Listen("tcp4", ":"+port)
	if err != nil {
		return fmt.Errorf("listen for %s: %w", host, err)
	}
	go func() { _ = (&http.Server{Handler: h, ReadHeaderTimeout: time.Minute}).Serve(l) }()
	return nil
}

// site serves the files of dir, and its git repositories by git's own server;
// below /private only to those who have the token.
func site(dir, token string) (http.Handler, error) {
	libexec, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, fmt.Errorf("find git: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/private/", private(token, mux))
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	mux.Handle("/git/", &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(libexec)), "git-http-backend"),
		Root: "/git",
		Env:  []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1"},
	})
	return mux, nil
}
