package runtime

import "github.com/dagger/dagger-lsp/runtime/ops"

// Barrier is a value that an op needs and that is known only once an export has
// run, so that the job takes one pass more.
type Barrier struct {
	Wait
	// Op is what waits; its Index is -1 where the list of ops itself does.
	Op OpID `json:"op"`
	// Pass is the first pass that the op can be part of, counted from 1.
	Pass int `json:"pass"`
	// Action is the `do` of Op where it does not wait itself, but what follows
	// it waits for what it does, such as a push.
	Action string `json:"action,omitempty"`
}

// Passes says how many passes target takes at least, and what forces each.
// Exports that nothing waits for are read after the last one.
func (p *Plan) Passes(target string) (int, []Barrier) {
	s := passSearch{plan: p, done: map[*Component]int{}, open: map[*Component]bool{}, users: map[*Component]int{}}
	for _, c := range p.Closure(target) {
		for _, op := range c.Ops {
			for _, r := range op.Refs {
				s.users[p.Resolve(r.Component)]++
			}
		}
	}
	return s.component(p.Resolve(target)) + 1, s.barriers
}

// passSearch numbers passes from 0.
type passSearch struct {
	plan     *Plan
	done     map[*Component]int
	open     map[*Component]bool
	users    map[*Component]int
	barriers []Barrier
}

func (s *passSearch) component(c *Component) int {
	if c == nil || s.open[c] {
		return 0
	}
	if pass, ok := s.done[c]; ok {
		return pass
	}
	s.open[c] = true
	defer delete(s.open, c)
	pass := s.waits(c, OpID{Component: c.Path, Index: -1}, c.Waits, 0)
	for _, op := range c.Ops {
		for _, r := range op.Refs {
			pass = max(pass, s.component(s.plan.Resolve(r.Component)))
		}
		pass = s.waits(c, op.ID, op.Waits, pass)
		if ops.ActsOutside(op.Do) && (op.ID.Index < len(c.Ops)-1 || s.users[c] > 0) {
			pass++
			s.barriers = append(s.barriers, Barrier{
				Wait: Wait{Component: c.Path, Range: op.Range}, Op: op.ID, Pass: pass + 1, Action: op.Do,
			})
		}
	}
	s.done[c] = pass
	return pass
}

func (s *passSearch) waits(c *Component, op OpID, waits []Wait, pass int) int {
	from := len(s.barriers)
	here := pass
	for _, w := range waits {
		exporter := s.plan.Resolve(w.Component)
		ready := here
		if exporter != c {
			ready = s.component(exporter)
		}
		pass = max(pass, ready+1)
		s.barriers = append(s.barriers, Barrier{Wait: w, Op: op})
	}
	for i := range s.barriers[from:] {
		if b := &s.barriers[from+i]; b.Op == op {
			b.Pass = pass + 1
		}
	}
	return pass
}
