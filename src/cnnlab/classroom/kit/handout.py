"""How a kit gets to the laptops: sticks and minutes, estimated."""

import math

STICK_BYTES_PER_SECOND = 30e6
"""A plain USB 3 stick, reading."""
WIFI_BYTES_PER_SECOND = 12.5e6
"""100 Mbit/s, which all laptops share."""
LAPTOPS_PER_STICK = 6
_SMALLEST_STICK = 8  # GB


def hand_out(laptops: int, kit_bytes: int, laptop_bytes: int) -> list[str]:
    """Return what the leader needs: sticks, minutes by stick and by Wi-Fi, as sentences.

    ``kit_bytes`` is the whole kit; ``laptop_bytes`` is what one laptop needs of it.
    """
    sticks = math.ceil(laptops / LAPTOPS_PER_STICK)
    size = _SMALLEST_STICK
    while size * 0.9e9 < kit_bytes:
        size *= 2
    copy = math.ceil(kit_bytes / STICK_BYTES_PER_SECOND / 60)
    wifi = math.ceil(laptops * laptop_bytes / WIFI_BYTES_PER_SECOND / 60)
    turns = min(laptops, LAPTOPS_PER_STICK)
    return [
        f"By stick: {sticks} x {size} GB for {laptops} laptops. Each stick goes to {turns} "
        f"laptops, about {copy} min each to copy (at 30 MB/s).",
        f"By Wi-Fi (cnnlab kit --serve): {laptops} x {laptop_bytes / 1e6:,.0f} MB, about "
        f"{wifi} min in all (at 100 Mbit/s, which all share).",
    ]
