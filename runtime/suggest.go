package runtime

import "github.com/agnivade/levenshtein"

// maxTypos is how far a word may be from a known one to be taken for it.
const maxTypos = 3

// closest returns the candidate that word most likely means, or "".
func closest(word string, candidates []string) string {
	best, bestDistance := "", min(maxTypos, len(word)/2)+1
	for _, c := range candidates {
		if d := levenshtein.ComputeDistance(word, c); d < bestDistance && d > 0 {
			best, bestDistance = c, d
		}
	}
	return best
}
