package slug

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
	"google.golang.org/protobuf/encoding/prototext"

	"github.com/dagger/dagger-lsp/runtime/ops"
)

// fields are what one step does, as a person would name it, without what only
// follows from other steps: the digests of its inputs.
type fields map[string]string

// stepFields reads a step's own vertices.
func (s *Slug) stepFields(st Step, owner map[int]string) fields {
	f := fields{}
	if len(st.Vertices) == 0 {
		f["op"] = st.Summary
	}
	if st.Unused {
		f["unused"] = "true"
	}
	for n, v := range st.Vertices {
		own := fields{}
		s.vertexFields(own, v, st.Component, owner)
		for k, val := range own {
			if n > 0 {
				k = fmt.Sprintf("%s (vertex %d)", k, n+1)
			}
			f[k] = val
		}
	}
	return f
}

func (s *Slug) vertexFields(f fields, v int, component string, owner map[int]string) {
	op := s.ops[v]
	switch o := op.Op.(type) {
	case *pb.Op_Exec:
		f.exec(o.Exec)
	case *pb.Op_Source:
		f.source(o.Source)
	case *pb.Op_File:
		f.file(o.File)
	case nil:
	default:
		f["op"] = prototext.MarshalOptions{}.Format(&pb.Op{Op: o})
	}
	if p := op.Platform; p != nil {
		f["platform"] = strings.Trim(p.OS+"/"+p.Architecture+"/"+p.Variant, "/")
	}
	if s.Definition.Metadata[s.digests[v].String()].GetIgnoreCache() {
		f["always"] = "true"
	}
	var reads []string
	for i, in := range op.Inputs {
		from := owner[s.index[in.Digest]]
		if from != "" && from != component && i != stateInput(op) {
			reads = append(reads, from)
		}
	}
	slices.Sort(reads)
	if reads = slices.Compact(reads); len(reads) > 0 {
		f["reads"] = strings.Join(reads, ", ")
	}
}

// stateInput is the input that a vertex goes on from: the step before says what
// that is. -1 if there is none.
func stateInput(op *pb.Op) int {
	if actions := op.GetFile().GetActions(); len(actions) > 0 {
		return int(actions[0].Input)
	}
	for _, m := range op.GetExec().GetMounts() {
		if m.GetDest() == "/" {
			return int(m.Input)
		}
	}
	return -1
}

func (f fields) exec(e *pb.ExecOp) {
	meta := e.GetMeta()
	f["args"] = compact(meta.GetArgs())
	for _, kv := range meta.GetEnv() {
		k, v, _ := strings.Cut(kv, "=")
		f["env."+k] = v
	}
	f["dir"], f["user"] = meta.GetCwd(), meta.GetUser()
	for _, h := range meta.GetExtraHosts() {
		f["hosts."+h.GetHost()] = h.GetIP()
	}
	for _, env := range e.Secretenv {
		if strings.HasPrefix(env.GetID(), ops.RunIDPrefix) {
			f["always"] = "true"
			continue
		}
		f["env."+env.GetName()] = "secret " + env.GetID()
	}
	for _, m := range e.Mounts {
		if m.GetDest() != "/" {
			f["mount."+m.GetDest()] = mountText(m)
		}
	}
	if e.Network != pb.NetMode_UNSET {
		f["network"] = e.Network.String()
	}
	if e.Security != pb.SecurityMode_SANDBOX {
		f["security"] = e.Security.String()
	}
}

func mountText(m *pb.Mount) string {
	switch m.MountType {
	case pb.MountType_CACHE:
		return "cache " + m.GetCacheOpt().GetID() + " " + strings.ToLower(m.GetCacheOpt().GetSharing().String())
	case pb.MountType_TMPFS:
		return "tmpfs"
	case pb.MountType_SECRET:
		return "secret " + m.GetSecretOpt().GetID()
	case pb.MountType_SSH:
		return "stream " + m.GetSSHOpt().GetID()
	default:
		return strings.TrimSpace("files " + m.GetSelector())
	}
}

// bound to a run or a content, not to what the step says.
var unsaid = []string{pb.AttrLocalUniqueID, pb.AttrSharedKeyHint}

func (f fields) source(src *pb.SourceOp) {
	name, dgst, pinned := strings.Cut(src.Identifier, "@")
	if strings.HasPrefix(src.Identifier, schemeImage) || strings.HasPrefix(src.Identifier, schemeLayout) {
		f["image"] = imageOf(src).Ref
		if pinned {
			f["digest"] = dgst
		}
		f["from"] = strings.TrimSuffix(src.Identifier[:strings.Index(name, "/")], ":")
	} else {
		f["source"] = src.Identifier
	}
	for k, v := range src.Attrs {
		if !slices.Contains(unsaid, k) {
			f[k] = v
		}
	}
}

func (f fields) file(file *pb.FileOp) {
	for i, a := range file.Actions {
		name := "file"
		if len(file.Actions) > 1 {
			name += " " + strconv.Itoa(i+1)
		}
		switch act := a.Action.(type) {
		case *pb.FileAction_Mkdir:
			f[name] = fmt.Sprintf("mkdir %s %#o", act.Mkdir.GetPath(), act.Mkdir.GetMode())
		case *pb.FileAction_Mkfile:
			f[name] = fmt.Sprintf("write %s %#o", act.Mkfile.GetPath(), act.Mkfile.GetMode())
			f[name+" content"] = textOf(act.Mkfile.GetData())
		case *pb.FileAction_Copy:
			c := act.Copy
			f[name] = fmt.Sprintf("copy %s → %s", c.GetSrc(), c.GetDest())
			if p := append(slices.Clone(c.GetIncludePatterns()), c.GetExcludePatterns()...); len(p) > 0 {
				f[name+" patterns"] = compact(p)
			}
		default:
			f[name] = prototext.MarshalOptions{}.Format(a)
		}
	}
}

// textOf is the content of a file, or its digest where it is no text.
func textOf(data []byte) string {
	if !utf8.Valid(data) {
		return fmt.Sprintf("%d bytes %s", len(data), digest.FromBytes(data))
	}
	return string(data)
}

func compact(list []string) string {
	text, err := json.Marshal(list)
	if err != nil {
		return fmt.Sprintf("%q", list)
	}
	return string(text)
}

// key is equal for steps that do the same.
func (f fields) key() string {
	var b strings.Builder
	for _, k := range sortedKeys(f) {
		fmt.Fprintf(&b, "%q=%q\n", k, f[k])
	}
	return b.String()
}
