package ops

import (
	"context"
	_ "embed"
	"net/url"
	"os"
	"strings"

	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"
)

//go:embed fetch_http.cue
var fetchHTTPSchema string

// FetchHTTP starts from one file of a web server.
type FetchHTTP struct {
	URL      string      `json:"url"`
	Checksum string      `json:"checksum,omitempty"`
	Filename string      `json:"filename,omitempty"`
	Mode     os.FileMode `json:"mode"`
	UID      int         `json:"uid,omitempty"`
	GID      int         `json:"gid,omitempty"`
}

func fetchHTTP() Kind {
	return Kind{
		Do: "fetch-http", Definition: "#FetchHTTP", Schema: fetchHTTPSchema, Source: true,
		New: func() Spec { return new(FetchHTTP) },
	}
}

// Validate refuses addresses and checksums that cannot be, and file names that
// are paths.
func (op *FetchHTTP) Validate() []*FieldError {
	var errs []*FieldError
	u, err := url.Parse(op.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		errs = append(errs, &FieldError{
			Field: "url", Code: "bad-value",
			Message: "not an http or https address", Hint: "write https://host/path/file",
		})
	}
	if err := digest.Digest(op.Checksum).Validate(); op.Checksum != "" && err != nil {
		errs = append(errs, &FieldError{
			Field: "checksum", Code: "bad-value", Message: err.Error(),
			Hint: "write sha256: and the 64 hexadecimal digits that sha256sum prints",
		})
	}
	if strings.Contains(op.Filename, "/") {
		errs = append(errs, &FieldError{
			Field: "filename", Code: "bad-value",
			Message: "a file name, not a path", Hint: "take it into a directory with copy",
		})
	}
	return errs
}

// Lower implements Spec.
func (op *FetchHTTP) Lower(_ context.Context, b Builder, _ llb.State) (llb.State, error) {
	opts := []llb.HTTPOption{llb.Chmod(op.Mode)}
	if op.Checksum != "" {
		opts = append(opts, llb.Checksum(digest.Digest(op.Checksum)))
	}
	if op.Filename != "" {
		opts = append(opts, llb.Filename(op.Filename))
	}
	if op.UID != 0 || op.GID != 0 {
		opts = append(opts, llb.Chown(op.UID, op.GID))
	}
	for _, o := range b.Opts() {
		opts = append(opts, o)
	}
	return llb.HTTP(op.URL, opts...), nil
}

// Summary implements Spec.
func (op *FetchHTTP) Summary() string { return "fetch-http " + op.URL }
