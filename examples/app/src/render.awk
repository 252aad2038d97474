# Turns one page of a small Markdown into HTML: headings, paragraphs, lists,
# fenced code, `code`, *emphasis* and [links](to).

function escape(s) {
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	gsub(/>/, "\\&gt;", s)
	return s
}

function wrap(s, pattern, tag,    out, word) {
	out = ""
	while (match(s, pattern)) {
		word = substr(s, RSTART + 1, RLENGTH - 2)
		out = out substr(s, 1, RSTART - 1) "<" tag ">" word "</" tag ">"
		s = substr(s, RSTART + RLENGTH)
	}
	return out s
}

function links(s,    out, whole, cut) {
	out = ""
	while (match(s, /\[[^]]*\]\([^)]*\)/)) {
		whole = substr(s, RSTART + 1, RLENGTH - 2)
		cut = index(whole, "](")
		out = out substr(s, 1, RSTART - 1) "<a href=\"" substr(whole, cut + 2) "\">" substr(whole, 1, cut - 1) "</a>"
		s = substr(s, RSTART + RLENGTH)
	}
	return out s
}

function inline(s) {
	return links(wrap(wrap(escape(s), "`[^`]*`", "code"), "[*][^*]*[*]", "em"))
}

function close_block() {
	if (block != "") print "</" block ">"
	block = ""
}

function open_block(tag) {
	if (block == tag) return
	close_block()
	print "<" tag ">"
	block = tag
}

/^```/ {
	if (block == "pre") close_block(); else open_block("pre")
	next
}
block == "pre" { print escape($0); next }
/^#+ / {
	close_block()
	level = index($0, " ") - 1
	print "<h" level ">" inline(substr($0, level + 2)) "</h" level ">"
	next
}
/^- / { open_block("ul"); print "<li>" inline(substr($0, 3)) "</li>"; next }
/^[ \t]*$/ { close_block(); next }
{ open_block("p"); print inline($0) }
END { close_block() }
