"""How many people a picture may show: one rule for who asks and who draws."""

from __future__ import annotations

from semblance.kernel.errors import Invalid


def require_room(people: int, most: int) -> None:
    """Raises Invalid where so many do not fit. most: 1 where what draws keeps nobody to a part of a picture."""
    if people <= most:
        return
    if most == 1:
        raise Invalid(
            "what draws here draws one person a picture, not several together",
            remedy="Ask for a picture of each, without `others`.",
            code="one-person-a-picture",
        )
    raise Invalid(
        f"a picture shows at most {most} people here, not {people}", remedy="Name fewer.", code="too-many-people"
    )
