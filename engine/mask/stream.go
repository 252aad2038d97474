package mask

import "bytes"

// Stream masks a text that comes in pieces. It is for one goroutine.
type Stream struct {
	m     *Masker
	state int32
	// held is text not given out yet, of which the first byte is number base
	// of the text; last is the byte before it.
	held []byte
	base int
	last byte
	// spans are the stretches of held that are secrets, in order and apart;
	// ends wait for the byte that follows, to see whether they stand alone.
	spans []span
	ends  []span
	// marked is the end of the last stretch that a mark was given out for.
	marked int
	// found is the first needle that was found, -1 if none was.
	found int
}

// span is a stretch of the text, and the needle that it is.
type span struct {
	from, to int
	needle   int
}

// Stream begins a text.
func (m *Masker) Stream() *Stream { return &Stream{m: m, marked: -1, found: -1} }

// Write takes a piece and returns what can be shown of the text so far. The
// result is the caller's.
func (s *Stream) Write(p []byte) []byte {
	if s.m == nil || len(s.m.names) == 0 {
		return bytes.Clone(p)
	}
	ended := -1
	for _, c := range p {
		at := s.base + len(s.held)
		s.decide(c)
		s.held = append(s.held, c)
		s.state = s.m.auto.next(s.state, c)
		s.match(at + 1)
		if c == '\n' {
			ended = at + 1
		}
	}
	return s.release(max(s.open(), ended))
}

// Flush ends the text and returns the rest of it.
func (s *Stream) Flush() []byte {
	s.decide('\n')
	out := s.release(s.base + len(s.held))
	s.state, s.last = 0, 0
	return out
}

// open is where the text begins that may still turn out to be a secret.
func (s *Stream) open() int {
	at := s.base + len(s.held) - int(s.m.auto.nodes[s.state].depth)
	for _, e := range s.ends {
		at = min(at, e.from)
	}
	return at
}

// match notes the secrets that end at a place.
func (s *Stream) match(end int) {
	nodes := s.m.auto.nodes
	if n := nodes[s.state].free; n != 0 {
		s.add(span{end - int(nodes[n].depth), end, int(nodes[n].text)})
	}
	for n := nodes[s.state].token; n != 0; n = nodes[nodes[n].fail].token {
		e := span{end - int(nodes[n].depth), end, int(nodes[n].text)}
		if !s.inWord(e.from) {
			s.ends = append(s.ends, e)
		}
	}
}

// inWord reports that a word goes on over a place. What has been given out is
// known for one byte only: before that a line has ended.
func (s *Stream) inWord(at int) bool {
	switch {
	case at < s.base:
		return false
	case at == s.base:
		return isWord(s.last) && isWord(s.held[0])
	}
	return isWord(s.held[at-s.base-1]) && isWord(s.held[at-s.base])
}

// decide takes those that waited for c.
func (s *Stream) decide(c byte) {
	for _, e := range s.ends {
		if !isWord(c) || !isWord(s.held[len(s.held)-1]) {
			s.add(e)
		}
	}
	s.ends = s.ends[:0]
}

// add joins a stretch with those it touches. Stretches come in the order of
// their ends.
func (s *Stream) add(x span) {
	if s.found < 0 {
		s.found = x.needle
	}
	x.from = max(x.from, s.base)
	for n := len(s.spans); n > 0 && s.spans[n-1].to >= x.from; n-- {
		x.from, x.to = min(x.from, s.spans[n-1].from), max(x.to, s.spans[n-1].to)
		s.spans = s.spans[:n-1]
	}
	s.spans = append(s.spans, x)
}

// release gives out the text up to a place, secrets as marks. A secret that
// reaches beyond goes on being one.
func (s *Stream) release(to int) []byte {
	if to <= s.base {
		return nil
	}
	var out []byte
	at := s.base
	keep := s.spans[:0]
	for _, x := range s.spans {
		if x.from >= to {
			keep = append(keep, x)
			continue
		}
		out = append(out, s.held[at-s.base:x.from-s.base]...)
		if s.marked != x.from {
			out = append(out, s.m.mark...)
		}
		at = min(x.to, to)
		s.marked = at
		if x.to > to {
			keep = append(keep, span{to, x.to, x.needle})
		}
	}
	out = append(out, s.held[at-s.base:to-s.base]...)
	s.spans = keep
	s.last = s.held[to-s.base-1]
	s.held = append(s.held[:0], s.held[to-s.base:]...)
	s.base = to
	return out
}

// isWord reports that a byte belongs to a word: letters, digits, the
// underscore, and every byte of what is not ASCII.
func isWord(c byte) bool { return isAlnum(c) || c == '_' || c >= 0x80 }
