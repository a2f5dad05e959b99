"""Line charts as SVG, written by hand: a logarithmic x axis, a linear y axis from 0, a legend."""

import html
import math

COLOURS = ["#0b6e99", "#d1495b", "#2e933c", "#8a6fb3", "#c77d0a", "#5f6b73"]
WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 76, 24, 52, 56


def nice_step(highest):
    """A round step that cuts [0, highest] into 4 to 8 parts."""
    rough = highest / 5
    power = 10 ** math.floor(math.log10(rough))
    return next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= rough * 0.999)


def number(value):
    if value >= 1e6:
        return f"{value / 1e6:g} M"
    return f"{value:,.10g}" if value >= 1 or value == 0 else f"{value:g}"


def text(x, y, words, anchor="middle", size=13, extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" {extra}>{html.escape(words)}</text>'


def chart(title, x_label, y_label, series, top=0):
    """One chart, `top` pixels down. series: {name: [(x, y), ...]}."""
    points = [p for values in series.values() for p in values]
    xs = sorted({x for x, _ in points})
    step = nice_step(max(y for _, y in points))
    highest = math.ceil(max(y for _, y in points) / step + 0.05) * step
    legend = 22 * math.ceil(len(series) / 3)
    bottom = HEIGHT - BOTTOM - legend
    low, high = math.log(xs[0]), math.log(xs[-1])

    def at(x, y):
        across = (math.log(x) - low) / ((high - low) or 1)
        return LEFT + 16 + across * (WIDTH - LEFT - RIGHT - 32), bottom - y / highest * (bottom - TOP)

    parts = [f'<g transform="translate(0 {top})">', text(WIDTH / 2, 26, title, size=16, extra='font-weight="bold"')]
    for i in range(round(highest / step) + 1):
        _, y = at(xs[0], i * step)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e2e5e8"/>')
        parts.append(text(LEFT - 8, y + 4, number(i * step), "end"))
    for x in xs:
        across, _ = at(x, 0)
        parts.append(f'<line x1="{across:.1f}" x2="{across:.1f}" y1="{bottom}" y2="{bottom + 5}" stroke="#555"/>')
        parts.append(text(across, bottom + 19, number(x)))
    parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}" stroke="#555"/>')
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, bottom + 39, x_label))
    middle = (TOP + bottom) / 2
    parts.append(text(18, middle, y_label, extra=f'transform="rotate(-90 18 {middle:.1f})"'))
    for i, (name, values) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        places = [at(x, y) for x, y in values]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places]
        x, y = LEFT + i % 3 * (WIDTH - LEFT - RIGHT) / 3, bottom + 62 + i // 3 * 22
        parts.append(f'<line x1="{x:.1f}" x2="{x + 22:.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="3"/>')
        parts.append(text(x + 28, y + 4.5, name, "start"))
    return "\n".join(parts + ["</g>"])


def write(path, charts):
    """charts: the arguments of chart(), one below the other."""
    height = HEIGHT * len(charts)
    body = "\n".join(chart(*arguments, top=i * HEIGHT) for i, arguments in enumerate(charts))
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" fill="#222">\n'
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>\n{body}\n</svg>\n'
    )
