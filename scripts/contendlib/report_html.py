"""HTML by few functions, so that nothing reaches the page unescaped.

`esc` is the one place that escapes. Everything that is markup already is a `Markup`; plain text
given to `tag`, `table` or `page` is escaped on its way in.
"""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}

# No script, nothing from elsewhere: the page is whole by itself and can do nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"


class Markup(str):
    """Text that is HTML already."""


def esc(value):
    """Any value as HTML text, safe in elements and in quoted attributes.

    Characters that do not print (escapes, direction marks, broken bytes) are shown as \\u{..}.
    """
    if isinstance(value, Markup):
        return value
    return Markup("".join(_ENTITIES.get(c) or (c if c.isprintable() or c in "\n\u00a0"
                                               else f"\\u{{{ord(c):x}}}") for c in str(value)))


def join(parts, between=""):
    return Markup(esc(between).join(map(esc, parts)))


def tag(name, content="", /, **attributes):
    """<name a="..">content</name>; `class_` is class, content is text, Markup or a list of them."""
    if isinstance(content, (list, tuple)):
        content = join(content)
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{esc(value)}"'
                    for key, value in attributes.items() if value is not None)
    if name in ("img", "meta", "br"):
        return Markup(f"<{name}{given}>")
    return Markup(f"<{name}{given}>{esc(content)}</{name}>")


def table(head, rows, text_columns=1, caption=None):
    """A table that scrolls by itself on a narrow screen; the first columns hold text."""
    def cells(name, row):
        return tag("tr", [tag("th" if name == "th" or at == 0 else "td", cell,
                              class_=None if at < text_columns else "n",
                              scope="col" if name == "th" else "row" if at == 0 else None)
                          for at, cell in enumerate(row)])
    inner = [tag("caption", caption)] if caption else []
    inner += [tag("thead", cells("th", head)), tag("tbody", [cells("td", r) for r in rows])]
    return tag("div", tag("table", inner), class_="scroll", tabindex="0")


STYLE = Markup("""
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: #1c1c1c;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 40px 24px 80px; }
h1 { font-size: 2rem; line-height: 1.2; font-weight: 600; margin: 0 0 4px; }
h2 { font-size: 1.35rem; font-weight: 600; margin: 56px 0 12px; padding-top: 20px;
  border-top: 1px solid #ddd; }
h3 { font-size: 1.05rem; font-weight: 600; margin: 32px 0 8px; }
p, ul, ol { max-width: 44em; margin: 8px 0 14px; }
li { margin: 3px 0; }
a { color: #0b5c94; }
.sub { color: #555; margin: 0 0 20px; }
.trust { border-left: 4px solid #d55e00; background: #fdf3ec; padding: 10px 16px; margin: 20px 0; }
.trust.normal { border-color: #009e73; background: #eef7f3; }
dl { display: grid; grid-template-columns: 11em 1fr; gap: 4px 18px; margin: 20px 0; }
dt { color: #555; }
dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 28px 0 44px; }
figure div { overflow-x: auto; border: 1px solid #e4e4e4; }
figure img { display: block; width: 100%; min-width: 720px; height: auto; }
figcaption { color: #3c3c3c; max-width: 46em; margin-top: 10px; }
nav { margin: 18px 0; line-height: 1.9; }
nav a { margin-right: 14px; white-space: nowrap; }
.scroll { overflow-x: auto; margin: 10px 0 26px; }
table { border-collapse: collapse; font-size: 14px; }
caption { text-align: left; min-width: 300px; color: #555; padding: 0 0 6px; }
th, td { padding: 5px 14px 5px 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #eaeaea; white-space: nowrap; font-variant-numeric: tabular-nums; }
thead th { border-bottom: 1px solid #888; color: #333; }
tbody th { font-weight: 400; }
.n { text-align: right; }
small { display: block; color: #6a6a6a; font-size: 12px; }
small.warn { color: #a34700; }
code { font: 0.92em ui-monospace, "DejaVu Sans Mono", monospace; }
details { margin: 10px 0; }
summary { cursor: pointer; color: #0b5c94; }
@media (max-width: 640px) {
  main { padding: 24px 16px 60px; }
  h1 { font-size: 1.5rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 8px; }
}
@media print { figure div, .scroll { overflow: visible; } figure { break-inside: avoid; } }
""")


def page(title, body):
    """The whole document."""
    head = [tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("title", title), tag("style", STYLE)]
    return ('<!doctype html>\n<html lang="en">\n<head>\n' + "\n".join(head)
            + "\n</head>\n<body>\n<main>\n" + "\n".join(map(esc, body)) + "\n</main>\n</body>\n"
            "</html>\n")
