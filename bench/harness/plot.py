"""Plots as SVG, readable on light and dark pages."""

from html import escape

WIDTH, ROW, NAME, FIGURE = 760, 30, 150, 80


def bars(title: str, values: dict[str, float | None]) -> str:
    """A bar for each value that there is, with the value at its end."""
    there = {name: value for name, value in values.items() if value}
    most = max(there.values(), default=1)
    height = 40 + ROW * len(there) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="14">',
        f'<title>{escape(title)}</title>',
        "<style>text { fill: #222 } rect { fill: #8a97a8 } .ours { fill: #2f7d4f }"
        " @media (prefers-color-scheme: dark) { text { fill: #ddd } }</style>",
        f'<text x="0" y="20" font-weight="bold">{escape(title)}</text>',
    ]
    for place, (name, value) in enumerate(there.items()):
        top, length = 40 + ROW * place, (WIDTH - NAME - FIGURE) * value / most
        ours = ' class="ours"' if name.startswith("roost") else ""
        lines += [
            f'<text x="{NAME - 8}" y="{top + 16}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{NAME}" y="{top}" width="{length:.1f}" height="22"{ours}/>',
            f'<text x="{NAME + length + 6:.1f}" y="{top + 16}">{value:,.0f}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
