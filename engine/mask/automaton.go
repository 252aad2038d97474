package mask

// automaton finds any number of texts in one pass (Aho and Corasick). We have
// our own because logs come in pieces: the libraries there are want the whole
// text, and a table of 256 entries for each of their states.
type automaton struct {
	nodes []node
	// root are the children of node 0, where most of a text leaves it.
	root [256]int32
	// more holds the children of a node but the first.
	more map[edge]int32
}

type edge struct {
	node  int32
	label byte
}

// node is a state: a beginning of one of the texts. Node 0 is the empty one.
type node struct {
	// label leads to child, the first one; 0 is none.
	label byte
	child int32
	// fail is the longest other beginning that this one ends with.
	fail  int32
	depth int32
	// free and token are the nearest node, this one or down the fails, where a
	// text ends: one that counts anywhere, and one that must stand alone.
	free, token int32
	// text ends here; -1 for none.
	text int32
}

func newAutomaton() *automaton {
	return &automaton{nodes: []node{{text: -1}}, more: map[edge]int32{}}
}

func (a *automaton) step(n int32, label byte) int32 {
	if n == 0 {
		return a.root[label]
	}
	if c := a.nodes[n].child; c != 0 && a.nodes[n].label == label {
		return c
	}
	return a.more[edge{n, label}]
}

// add adds a text under a number; false if it has it already.
func (a *automaton) add(text string, number int, token bool) bool {
	n := int32(0)
	for i := range len(text) {
		next := a.step(n, text[i])
		if next == 0 {
			next = int32(len(a.nodes)) //nolint:gosec // bounded by the size of secrets
			a.nodes = append(a.nodes, node{depth: a.nodes[n].depth + 1, text: -1})
			if n == 0 {
				a.root[text[i]] = next
			} else if a.nodes[n].child == 0 {
				a.nodes[n].child, a.nodes[n].label = next, text[i]
			} else {
				a.more[edge{n, text[i]}] = next
			}
		}
		n = next
	}
	end := &a.nodes[n]
	if end.text >= 0 {
		return false
	}
	end.text = int32(number) //nolint:gosec // as above
	if token {
		end.token = n
	} else {
		end.free = n
	}
	return true
}

// finish links the nodes, shortest beginnings first.
func (a *automaton) finish() {
	more := make(map[int32][]edge, len(a.more)) // by parent; node is the child here
	for e, to := range a.more {
		more[e.node] = append(more[e.node], edge{to, e.label})
	}
	for label, to := range a.root {
		if to != 0 {
			more[0] = append(more[0], edge{to, byte(label)})
		}
	}
	for queue := []int32{0}; len(queue) > 0; {
		n := queue[0]
		queue = queue[1:]
		children := more[n]
		if first := a.nodes[n].child; first != 0 {
			children = append(children, edge{first, a.nodes[n].label})
		}
		for _, e := range children {
			a.link(n, e)
			queue = append(queue, e.node)
		}
	}
}

func (a *automaton) link(parent int32, child edge) {
	x := &a.nodes[child.node]
	if parent != 0 {
		x.fail = a.next(a.nodes[parent].fail, child.label)
	}
	if x.free == 0 {
		x.free = a.nodes[x.fail].free
	}
	if x.token == 0 {
		x.token = a.nodes[x.fail].token
	}
}

// next is the state after one more byte.
func (a *automaton) next(n int32, label byte) int32 {
	for {
		if to := a.step(n, label); to != 0 || n == 0 {
			return to
		}
		n = a.nodes[n].fail
	}
}
