"""Draws the loss curve as a small SVG."""

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 360, 56, 44, 16, 16
TRAINING, HELD_OUT, GRID = "#9db4cc", "#b3402f", "#dddddd"


def draw(log, levels):
    """Returns SVG text: loss against tokens for the log's lines, and a dashed
    line at each of the two levels (name to loss)."""
    points = [(line["tokens"] / 1e6, line["loss"]) for line in log]
    checks = [(line["tokens"] / 1e6, line["held_out"]) for line in log if "held_out" in line]
    right = points[-1][0]
    lowest = min(v for _, v in points + checks)
    bottom, top = int(lowest), 8  # the first steps, from 10.8 down, would flatten the rest

    def x(tokens):
        return LEFT + tokens / right * (WIDTH - LEFT - RIGHT)

    def y(loss):
        return TOP + (top - min(loss, top)) / (top - bottom) * (HEIGHT - TOP - BOTTOM)

    def text(at_x, at_y, what, anchor="middle", colour="#333333"):
        return f'<text x="{at_x:.0f}" y="{at_y:.0f}" text-anchor="{anchor}" fill="{colour}">{what}</text>'

    def path(series, colour, width):
        steps = " L ".join(f"{x(a):.1f} {y(b):.1f}" for a, b in series if b <= top)
        return f'<path d="M {steps}" fill="none" stroke="{colour}" stroke-width="{width}"/>'

    def across(loss, colour, dash=""):
        return (
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(loss):.1f}" y2="{y(loss):.1f}" '
            f'stroke="{colour}" stroke-dasharray="{dash}"/>'
        )

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for loss in range(bottom, top + 1):
        out += [across(loss, GRID), text(LEFT - 8, y(loss) + 4, loss, "end")]
    for tokens in range(0, int(right) + 1, max(1, round(right / 8))):
        out.append(text(x(tokens), HEIGHT - BOTTOM + 18, tokens))
    for name, loss in levels.items():
        label = text(WIDTH - RIGHT - 4, y(loss) - 4, f"{name} {loss:.2f}", "end")
        out += [across(loss, "#555555", "5 4"), label]
    out += [
        path(points, TRAINING, 1.5),
        path(checks, HELD_OUT, 2),
        text((LEFT + WIDTH) / 2, HEIGHT - 8, "million tokens"),
        text(LEFT + 8, TOP + 14, "loss in nats per token", "start"),
        text(WIDTH - RIGHT - 4, TOP + 14, "held-out text (64 windows)", "end", HELD_OUT),
        text(WIDTH - RIGHT - 4, TOP + 30, "training text", "end", "#5f7f9f"),
        "</svg>",
    ]
    return "\n".join(out) + "\n"
