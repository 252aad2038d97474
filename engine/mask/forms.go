package mask

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// form is one way in which a secret may appear.
type form struct {
	text string
	// token says that it counts only where it stands alone.
	token bool
}

// The widths at which programs wrap base64 (coreutils and MIME; OpenSSL and
// PEM) and hexadecimal (xxd).
var (
	base64Widths = []int{76, 64}
	hexWidths    = []int{60}
)

// forms lists the ways in which a text may appear.
func forms(text string) []form {
	var out []form
	add := func(short bool, texts ...string) {
		for _, t := range texts {
			out = append(out, form{t, short})
		}
	}
	short := len(text) < minAnywhere
	add(short, text)
	for _, line := range lines(text) {
		add(len(line) < minAnywhere, line)
	}
	add(short, jsonForms(text)...)
	add(short, urlForms(text)...)
	add(short, shellForms(text)...)
	for _, t := range []string{text, text + "\n"} {
		add(false, base64Forms(t)...)
		for _, h := range []string{hex.EncodeToString([]byte(t)), strings.ToUpper(hex.EncodeToString([]byte(t)))} {
			add(false, h)
			add(false, wrapped(h, hexWidths)...)
		}
	}
	return out
}

// lines are those of a secret that has several, but for the frames of keys.
func lines(text string) []string {
	if !strings.Contains(text, "\n") {
		return nil
	}
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
			out = append(out, line)
		}
	}
	return out
}

func base64Forms(text string) []string {
	var out []string
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		whole := enc.EncodeToString([]byte(text))
		out = append(out, whole, strings.TrimRight(whole, "="))
		out = append(out, wrapped(whole, base64Widths)...)
		for before := range 3 {
			out = append(out, inBase64(enc, text, before))
		}
	}
	return out
}

// inBase64 is what of the base64 of a longer text a part of it decides alone,
// where before bytes come in front of it in its group of three.
func inBase64(enc *base64.Encoding, text string, before int) string {
	s := enc.WithPadding(base64.NoPadding).EncodeToString(append(make([]byte, before), text...))
	first := []int{0, 2, 3}[before]
	last := len(s)
	if (before+len(text))%3 != 0 {
		last--
	}
	if first >= last {
		return ""
	}
	return s[first:last]
}

// minPiece is the least last line of a wrapped form that is looked for by
// itself.
const minPiece = 8

// wrapped cuts an encoded text as programs do that wrap their output.
func wrapped(text string, widths []int) []string {
	var out []string
	for _, w := range widths {
		for rest := text; len(text) > w && len(rest) >= minPiece; {
			n := min(w, len(rest))
			out = append(out, rest[:n])
			rest = rest[n:]
		}
	}
	return out
}

// jsonForms escapes for JSON in the ways of several encoders; of what is not
// UTF-8 every encoder makes replacement characters.
func jsonForms(text string) []string {
	plain := jsonText(text, false)
	ascii := strings.TrimSuffix(strings.TrimPrefix(strconv.QuoteToASCII(text), `"`), `"`)
	html := jsonText(text, true)
	return []string{
		strings.ToValidUTF8(text, string(utf8.RuneError)), plain, html, jsonText(plain, false), ascii, strings.Trim(strconv.Quote(text), `"`),
		strings.ReplaceAll(html, "'", `\u0027`), strings.ReplaceAll(plain, "/", `\/`),
	}
}

// jsonText is a text inside the quotes of JSON.
func jsonText(text string, html bool) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	if e.Encode(text) != nil {
		return ""
	}
	s := strings.TrimSuffix(b.String(), "\n")
	return s[1 : len(s)-1]
}

// urlForms escapes as Go, as browsers (which leave more as it is), and as
// programs do that escape all but letters and digits.
func urlForms(text string) []string {
	query := url.QueryEscape(text)
	spaces := strings.ReplaceAll(query, "+", "%20")
	browser := strings.NewReplacer("%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(spaces)
	upper := []string{query, spaces, browser, url.PathEscape(text), strictEscape(text)}
	out := upper
	for _, u := range upper {
		out = append(out, lowerEscapes(u))
	}
	return out
}

func strictEscape(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if isAlnum(c) {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
		}
	}
	return b.String()
}

// lowerEscapes writes %2F as %2f.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

// shellForms quotes as shells do that trace commands and as printf %q.
func shellForms(text string) []string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if !isAlnum(c) && !strings.ContainsRune("_-./:=@%+,", rune(c)) && c < utf8.RuneSelf {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	double := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(text)
	return []string{
		strings.ReplaceAll(text, `'`, `'\''`), strings.ReplaceAll(text, `'`, `'"'"'`), b.String(), double,
	}
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
