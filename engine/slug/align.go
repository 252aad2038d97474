package slug

// maxCells bounds the table of a comparison: components of a thousand steps.
const maxCells = 1 << 20

// pair says which element of one list is which of the other; -1 where it has
// none.
type pair struct{ a, b int }

// align pairs two lists so that as many as possible are equal.
func align(a, b []string) []pair {
	var out []pair
	front := 0
	for front < len(a) && front < len(b) && a[front] == b[front] {
		out = append(out, pair{front, front})
		front++
	}
	back := 0
	for back < len(a)-front && back < len(b)-front && a[len(a)-1-back] == b[len(b)-1-back] {
		back++
	}
	for _, p := range longest(a[front:len(a)-back], b[front:len(b)-back]) {
		out = append(out, p.shift(front))
	}
	for i := back; i > 0; i-- {
		out = append(out, pair{len(a) - i, len(b) - i})
	}
	return out
}

func (p pair) shift(n int) pair {
	if p.a >= 0 {
		p.a += n
	}
	if p.b >= 0 {
		p.b += n
	}
	return p
}

// longest pairs by the longest common subsequence. Lists too long for that
// share nothing.
func longest(a, b []string) []pair {
	if len(a)*len(b) > maxCells {
		return unpaired(len(a), len(b))
	}
	// common[i][j] is the length for a[i:] and b[j:].
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if common[i][j] = max(common[i+1][j], common[i][j+1]); a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var out []pair
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, pair{i, j})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = append(out, pair{i, -1})
			i++
		default:
			out = append(out, pair{-1, j})
			j++
		}
	}
	return out
}

func unpaired(a, b int) []pair {
	out := make([]pair, 0, a+b)
	for i := range a {
		out = append(out, pair{i, -1})
	}
	for j := range b {
		out = append(out, pair{-1, j})
	}
	return out
}
