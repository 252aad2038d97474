package slug

import "strings"

// InputChange is something from outside that is not in both, or not the same.
type InputChange struct {
	Kind string `json:"kind"`
	// What it is: image, folder, git, http, secret, stream, file.
	What string `json:"what"`
	Name string `json:"name"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

func diffInputs(a, b *Slug) []InputChange {
	x, y := a.Inputs(), b.Inputs()
	var out []InputChange
	for _, part := range []struct {
		what string
		of   func(Inputs) map[string]string
	}{
		{"image", images},
		{"folder", folders},
		{"address", remotes},
		{"secret", func(in Inputs) map[string]string { return names(in.Secrets) }},
		{"stream", func(in Inputs) map[string]string { return names(in.Streams) }},
	} {
		out = append(out, diffNamed(part.what, part.of(x), part.of(y))...)
	}
	return out
}

func images(in Inputs) map[string]string {
	out := map[string]string{}
	for _, i := range in.Images {
		out[i.Ref] = strings.TrimSpace(i.Digest.String() + " " + i.Store)
	}
	return out
}

func folders(in Inputs) map[string]string {
	out := map[string]string{}
	for _, l := range in.Locals {
		name := l.Name
		if len(l.Include) > 0 {
			name += " only " + compact(l.Include)
		}
		// The pattern that every folder has says nothing.
		if len(l.Exclude) > 1 {
			name += " without " + compact(l.Exclude[1:])
		}
		out[name] = l.Digest.String()
	}
	return out
}

func remotes(in Inputs) map[string]string {
	out := map[string]string{}
	for _, r := range in.Remotes {
		out[r.Kind+" "+r.URL] = strings.TrimSpace(r.Ref + " " + r.Pinned)
	}
	return out
}

func names(list []Handle) map[string]string {
	out := map[string]string{}
	for _, h := range list {
		out[h.Name] = ""
	}
	return out
}

func fileDigests(s *Slug) map[string]string {
	out := map[string]string{}
	for _, f := range s.Meta.Files {
		out[f.Path] = f.Digest.String()
	}
	return out
}

func diffNamed(what string, a, b map[string]string) []InputChange {
	var out []InputChange
	for _, name := range sortedKeys(a) {
		now, both := b[name]
		switch {
		case !both:
			out = append(out, InputChange{Kind: Removed, What: what, Name: name, Old: a[name]})
		case now != a[name]:
			out = append(out, InputChange{Kind: Changed, What: what, Name: name, Old: a[name], New: now})
		}
	}
	for _, name := range sortedKeys(b) {
		if _, both := a[name]; !both {
			out = append(out, InputChange{Kind: Added, What: what, Name: name, New: b[name]})
		}
	}
	return out
}
