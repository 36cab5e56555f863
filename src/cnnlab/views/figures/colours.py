"""The colours of the figures, those of templates/tokens.css, for what CSS cannot reach."""

INK, WARN = "var(--ink)", "var(--warn)"
_NETWORKS = tuple(f"var(--network-{letter})" for letter in "abcdef")
VALUE_LOW, VALUE_HIGH = (0xD5, 0x5E, 0x00), (0x00, 0x72, 0xB2)
WRONG = (0xB0, 0x22, 0x4F)


def colour(place: int) -> str:
    """Return the colour of the network at that place; the seventh has the first colour again."""
    return _NETWORKS[place % len(_NETWORKS)]


def mixed(colour: tuple[int, int, int], amount: float) -> tuple[int, int, int]:
    """Return a colour between white (amount 0) and itself (amount 1)."""
    red, green, blue = (round(255 + (part - 255) * amount) for part in colour)
    return red, green, blue


def of_value(value: float, limit: float) -> tuple[int, int, int]:
    """Return orange, white or blue for a value from -limit over 0 to limit, or beyond."""
    amount = min(1.0, abs(value) / limit) if limit else 0.0
    return mixed(VALUE_HIGH if value > 0 else VALUE_LOW, amount)


def css(colour: tuple[int, int, int]) -> str:
    """Return a colour as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
